"""Namespaces: a token is for one, and whoever has none is told nothing."""

from __future__ import annotations

import pytest

from snake.cache import Cache, CacheConfigurationError
from snake.cache.tokens import Tokens
from tests.cache.serving import Embedded, Wire


def test_a_token_is_for_its_namespace() -> None:
    """Any name has one; what is changed in it makes it none."""
    tokens = Tokens("secret")
    for name in ("", "shop", "ü/..:\0", "x" * 300):
        token = tokens.grant(name)
        assert tokens.namespace(token) == name
        assert token.replace(".", "").isalnum()
        assert tokens.namespace(token[:-1] + ("0" if token[-1] != "0" else "1")) is None
        assert tokens.namespace("00" + token) is None
    assert Tokens("other").namespace(tokens.grant("shop")) is None


@pytest.mark.parametrize("token", ["", ".", "x", "..", "\xff", "zz.zz", "é.é"])
def test_rubbish_is_no_token(token: str) -> None:
    """Whatever it is, it is answered."""
    assert Tokens("secret").namespace(token) is None


def test_nobody_sees_what_is_anothers(server: Embedded) -> None:
    """Keys, counts, lists that are waited for and channels are each namespace's own."""
    one, two = Cache(server.url("one")), Cache(server.url("two"))
    one.set("a", "mine")
    one.rpush("l", "x")

    assert (two.get("a"), two.keys(), two.lpop("l")) == (None, [], None)
    with one.subscribe("news") as mine, two.subscribe("news") as its:
        assert two.publish("news", "secret") == 1
        assert (mine.get(0.05), its.get(5)) == (None, b"secret")
    with Wire(server.url("two")) as wire:
        assert (wire.ask("DBSIZE"), wire.ask("FLUSHDB")) == (0, "OK")
    assert one.get("a") == b"mine"
    with Wire(server.url("one")) as waiting:
        waiting.send("BLPOP", "q", "0.2")
        two.rpush("q", "its")
        assert waiting.answer() is None
    one.close()
    two.close()


@pytest.mark.parametrize(
    "line", ["GET a", "PING", "SET a 1", "SUBSCRIBE a", "BLPOP a 0", "HELLO", "COMMAND", "NOSUCH"]
)
def test_without_a_token_nothing_is_told(server: Embedded, line: str) -> None:
    """Not even whether a command is known."""
    with Wire(server.url(), token=False) as wire:
        assert str(wire.ask(*line.split())) == "NOAUTH Authentication required."


def test_a_wrong_token_ends_the_connection(server: Embedded) -> None:
    """So nobody tries many on one, and another's cannot be entered from a good one."""
    with Wire(server.url(), token=False) as wire:
        assert str(wire.ask("AUTH", "default", "x.y")).startswith("WRONGPASS")
        assert wire.ends()
    with Wire(server.url("one")) as wire:
        assert wire.ask("AUTH", server.tokens.grant("one")) == "OK"
        assert str(wire.ask("AUTH", server.tokens.grant("two"))).startswith("WRONGPASS")
        assert wire.ends()


def test_the_client_says_that_its_token_is_wrong(server: Embedded) -> None:
    """As a mistake in its configuration, without the token."""
    with pytest.raises(CacheConfigurationError, match="refuses the password or token") as caught:
        Cache(f"unix://{server.path}?token=abc.def").get("a")

    assert "abc" not in str(caught.value)
