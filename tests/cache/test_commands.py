"""Commands on the wire: snake's cache answers as a Redis does."""

from __future__ import annotations

from typing import Any

import pytest

from snake.cache.resp import ReplyError
from tests.cache.serving import Embedded, Wire

SAID: list[str] = [
    "PING",
    "PING x",
    "ECHO x",
    "ECHO",
    "GET",
    "GET a b",
    "NOSUCH a",
    "SELECT 0",
    "SELECT 99",
    "CLIENT SETNAME x",
    "SET a 1",
    "set a 2 ex 100",
    "TTL a",
    "GET a",
    "SET a 3 KEEPTTL",
    "TTL a",
    "SET a 4",
    "TTL a",
    "SET a 5 NX",
    "SET b 5 XX",
    "SET b 5 NX EX 100",
    "SET b 6 XX PX 100000 GET",
    "SET c 6 NX XX",
    "SET c 6 EX",
    "SET c 6 EX x",
    "SET c 6 EX 0",
    "SET c 6 EX -1",
    "SET c 6 EX 10 PX 10",
    "SET c 6 EX 10 KEEPTTL",
    "SET c 6 EX 99999999999999999",
    "SET c 6 BLA",
    "SETNX c 1",
    "SETNX c 2",
    "SETEX d 100 x",
    "SETEX d 0 x",
    "PSETEX d 100000 x",
    "GETSET d y",
    "TTL d",
    "GETDEL d",
    "GETDEL d",
    "MSET e 1 f 2",
    "MSET e 1 f",
    "MGET e none f",
    "APPEND e 23",
    "APPEND new x",
    "STRLEN e",
    "STRLEN none",
    "INCR e",
    "INCRBY e 10",
    "INCRBY e x",
    "INCRBY e 1.5",
    "INCRBY e 01",
    "INCRBY e +1",
    "INCRBY e -0",
    "INCRBY e 99999999999999999999",
    "DECR e",
    "DECRBY e 5",
    "SET max 9223372036854775807",
    "INCR max",
    "DECRBY max -1",
    "SET min -9223372036854775808",
    "DECR min",
    "INCR new",
    "EXISTS e f none e",
    "TYPE e",
    "TYPE none",
    "EXPIRE e 100",
    "TTL e",
    "PEXPIRE e 100700",
    "TTL e",
    "PERSIST e",
    "PERSIST e",
    "TTL e",
    "PTTL none",
    "EXPIRE none 1",
    "EXPIRE f -1",
    "EXISTS f",
    "EXPIRE e x",
    "EXPIRE e 99999999999999999",
    "DEL e e none",
    "UNLINK c",
    "RPUSH l a b c",
    "LPUSH l x y",
    "LRANGE l 0 -1",
    "LRANGE l -2 100",
    "LRANGE l 2 1",
    "LRANGE l 100 200",
    "LRANGE l -100 0",
    "LRANGE l x 1",
    "LRANGE none 0 -1",
    "LINDEX l 1",
    "LINDEX l -1",
    "LINDEX l 99",
    "LLEN l",
    "LLEN none",
    "TYPE l",
    "LPUSHX none 1",
    "RPUSHX l z",
    "LPOP l 2",
    "RPOP l 0",
    "LPOP l -1",
    "LPOP none 2",
    "LPOP none",
    "LTRIM l 1 2",
    "LRANGE l 0 -1",
    "LTRIM l 5 9",
    "EXISTS l",
    "LTRIM none 0 1",
    "RPUSH l 1 2 3 4",
    "LTRIM l 1 -2",
    "LRANGE l 0 -1",
    "GET l",
    "INCR l",
    "SADD l x",
    "APPEND l x",
    "STRLEN l",
    "SET l x GET",
    "SETNX l x",
    "MGET l",
    "LPUSH a x",
    "SADD s a b a",
    "SADD s a c",
    "SCARD s",
    "SISMEMBER s a",
    "SISMEMBER s z",
    "SISMEMBER none z",
    "SREM s a z",
    "SMEMBERS none",
    "TYPE s",
    "LPOP s",
    "BLPOP s 1",
    "SMEMBERS a",
    "SREM s b c",
    "EXISTS s",
    "BLPOP l 0",
    "BRPOP none l 1",
    "BLPOP none 0.05",
    "BLPOP none x",
    "BLPOP none -1",
    "BLPOP",
    "BLPOP none",
    "PUBLISH ch hi",
    "PUBLISH ch",
    "SCAN 0 MATCH nothing:*",
    "SCAN x",
    "SCAN 0 COUNT 0",
    "SCAN 0 COUNT x",
    "SCAN 0 BLA 1",
    "SCAN 0 MATCH",
    "KEYS max",
    "KEYS nothing*",
    "UNSUBSCRIBE",
    "FLUSHDB",
    "DBSIZE",
    "SUBSCRIBE one two",
    "GET a",
    "PING",
    "PING x",
    "SUBSCRIBE two",
    "UNSUBSCRIBE one",
    "QUIT",
]
OWN_WORDS = {
    # what each says of itself, where the other has other words for the same
    "NOSUCH a",
    "CLIENT SETNAME x",
    "GET a",
    "SET c 6 EX 99999999999999999",
    "EXPIRE e 99999999999999999",
    "BLPOP none x",
}


def told(wire: Wire, line: str) -> Any:
    """Return what is answered, an error by its kind if its words are each server's own."""
    answers = [wire.ask(*line.split())]
    if line.startswith("SUBSCRIBE one"):
        answers.append(wire.answer())
    return [
        str(answer).split()[0] if line in OWN_WORDS and isinstance(answer, ReplyError) else answer
        for answer in answers
    ]


def comparable(answers: list[Any]) -> list[Any]:
    """Return answers that can be compared: an error is its text."""
    return [str(each) if isinstance(each, ReplyError) else each for each in answers]


def test_answers_are_those_of_redis(server: Embedded, redis_url: str) -> None:
    """Command after command, both say the same, errors included."""
    with Wire(server.url()) as ours, Wire(redis_url) as theirs:
        theirs.ask("FLUSHALL")
        different = {
            line: (mine, its)
            for line in SAID
            if (mine := comparable(told(ours, line))) != (its := comparable(told(theirs, line)))
        }

    assert different == {}


def test_a_scan_finds_every_key_once(server: Embedded) -> None:
    """Whatever is added and deleted meanwhile."""
    with Wire(server.url()) as wire:
        for at in range(2000):
            wire.ask("SET", f"stays:{at}", "x")
        found: list[Any] = []
        cursor, steps = b"0", 0
        while True:
            cursor, some = wire.ask("SCAN", cursor, "MATCH", "stays:*", "COUNT", "50")
            found += some
            wire.ask("SET", f"comes:{steps}", "x")
            wire.ask("DEL", f"comes:{steps - 1}")
            steps += 1
            if cursor == b"0":
                break

    assert sorted(found) == sorted(b"stays:%d" % at for at in range(2000))
    assert steps > 10


@pytest.mark.parametrize("pattern", ["a?b", "[ab]", "a*b", "*a", "**", "\\"])
def test_patterns_that_may_take_for_ever_are_refused(server: Embedded, pattern: str) -> None:
    """A pattern is a beginning and a star."""
    with Wire(server.url()) as wire:
        assert "a beginning and then *" in str(wire.ask("KEYS", pattern))


def test_a_quoted_star_is_a_star(server: Embedded) -> None:
    """A backslash takes the meaning from what follows it."""
    with Wire(server.url()) as wire:
        wire.ask("MSET", "a*", "1", "a*b", "2", "ab", "3")
        assert sorted(wire.ask("KEYS", "a\\**")) == [b"a*", b"a*b"]
        assert wire.ask("KEYS", "a\\*") == [b"a*"]


def test_hello_is_answered_in_the_old_protocol(server: Embedded) -> None:
    """RESP3 is refused as by a Redis that has none, and clients fall back."""
    token = server.tokens.grant("")
    with Wire(server.url(), token=False) as wire:
        assert str(wire.ask("HELLO", "3", "AUTH", "default", token)).startswith("NOPROTO")
        assert b"proto" in wire.ask("HELLO", "2", "AUTH", "default", token, "SETNAME", "me")
        assert wire.ask("PING") == "PONG"
        assert "syntax" in str(wire.ask("HELLO", "2", "AUTH", "x"))
