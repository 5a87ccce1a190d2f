"""Clients that mean harm: rubbish, lies about lengths, floods, and those that never read."""

from __future__ import annotations

import resource
import socket
import time
from pathlib import Path

import pytest

from snake.cache import Cache, CacheError
from snake.cache.limits import Limits
from snake.cache.resp import encode_command
from tests.cache.serving import Embedded, Wire, embedded

SMALL = Limits(
    value=100_000,
    request=200_000,
    buffers=1_000_000,
    small=10_000,
    backlog=500_000,
    reply=400_000,
    patience=0.3,
    greeting=0.3,
)


def rss() -> int:
    """Return the memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def until_alone(server: Embedded) -> None:
    """Wait until one connection is left."""
    end = time.monotonic() + 10
    while server.call(lambda: server.server.namespaces[""].connections.used) > 1:
        assert time.monotonic() < end
        time.sleep(0.01)


def still_answers(server: Embedded) -> None:
    """See that others are served, and soon."""
    cache = Cache(server.url("other"))
    began = time.monotonic()
    cache.set("a", 1)
    assert cache.get("a") == b"1"
    assert time.monotonic() - began < 5
    cache.close()


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x00" * 1000,
        b"\x16\x03\x01\x02\x00\x01\x00" + b"\xff" * 500,
        b"*1000000000\r\n",
        b"*1\r\n$10737418240\r\n",
        b"*1\r\n" * 1000,
        b"*1\r\n$4\r\nPINGPING\r\n",
    ],
)
@pytest.mark.parametrize("token", [True, False])
def test_rubbish_ends_the_connection(server: Embedded, data: bytes, *, token: bool) -> None:
    """With an error that says so, and nobody else notices."""
    with Wire(server.url(), token=token) as wire:
        wire.sock.sendall(data)
        assert str(wire.answer()).startswith("ERR Protocol error")
        assert wire.ends()
    still_answers(server)


def test_a_stranger_may_not_send_much(server: Embedded) -> None:
    """What one without a token sends is short."""
    with Wire(server.url(), token=False) as wire:
        wire.sock.sendall(b"*2\r\n$4\r\nAUTH\r\n$100000\r\n")
        assert str(wire.answer()).startswith("ERR Protocol error")
        assert wire.ends()


def test_a_value_too_long_is_an_error_and_no_more(server: Embedded) -> None:
    """The client reads why, and its connection is good for the next command; nothing is kept."""
    cache = Cache(server.url())
    before = rss()
    value = b"x" * (64 << 20)
    for _ in range(3):
        with pytest.raises(CacheError, match="67108864 bytes are too many"):
            cache.set("a", value)
    del value
    assert cache.get("a") is None
    assert rss() - before < 100 << 20
    cache.close()


def test_half_a_command_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """A request that does not come to its end ends the connection; an idle one stays."""
    with (
        embedded(tmp_path, SMALL) as server,
        Wire(server.url()) as half,
        Wire(server.url()) as idle,
        Wire(server.url()) as popping,
    ):
        popping.send("BLPOP", "q", "0")
        half.sock.sendall(b"*2\r\n$3\r\nGET\r\n$5\r\nab")
        assert half.ends()
        assert idle.ask("PING") == "PONG"
        assert idle.ask("LPUSH", "q", "x") == 1
        assert popping.answer() == [b"q", b"x"]


def test_a_stranger_that_says_nothing_is_left(tmp_path: Path) -> None:
    """Who does not say a token in time is not kept."""
    with embedded(tmp_path, SMALL) as server, Wire(server.url(), token=False) as wire:
        assert wire.ends()


def test_half_commands_of_many_take_a_bounded_amount(tmp_path: Path) -> None:
    """A hundred clients that each hold back the end of a request do not fill the memory."""
    with embedded(tmp_path, SMALL._replace(patience=30.0)) as server:
        wires = [Wire(server.url("bad")) for _ in range(100)]
        for wire in wires:
            wire.send_some(b"*2\r\n$3\r\nGET\r\n$90000\r\n" + b"x" * 80_000)
        still_answers(server)
        held = server.call(lambda: server.server.budgets.buffers.used)
        assert held <= 1_000_000
        for wire in wires:
            wire.sock.close()


def test_who_reads_nothing_is_cut_off(tmp_path: Path) -> None:
    """A client that asks and never reads holds a bounded amount, and for a bounded time."""
    with embedded(tmp_path, SMALL) as server:
        cache = Cache(server.url())
        cache.set("big", "x" * 90_000)
        with Wire(server.url()) as wire:
            wire.sock.settimeout(0.1)
            for _ in range(2000):
                if not wire.send_some(encode_command([b"GET", b"big"]) * 50):
                    break
            held = server.call(lambda: server.server.budgets.buffers.used)
            assert held <= 1_000_000
            still_answers(server)
            until_alone(server)
        cache.close()


def test_a_subscriber_that_reads_nothing_is_cut_off(tmp_path: Path) -> None:
    """The others have every message, and the publisher waits for nobody."""
    with embedded(tmp_path, SMALL) as server:
        cache = Cache(server.url())
        with Wire(server.url()) as deaf, cache.subscribe("news") as good:
            deaf.ask("SUBSCRIBE", "news")
            for at in range(200):
                cache.publish("news", b"%d " % at + b"x" * 20_000)
                message = good.get(5)
                assert message is not None
                assert message.startswith(b"%d " % at)
            assert cache.publish("news", "last") == 1
            assert deaf.ends()
        cache.close()


def test_a_reply_too_large_is_refused(tmp_path: Path) -> None:
    """A list of half a MiB is read in parts."""
    with embedded(tmp_path, SMALL) as server:
        cache = Cache(server.url())
        for _ in range(6):
            cache.rpush("l", "x" * 90_000)
        with pytest.raises(CacheError, match="540000 bytes are too many; a reply has at most"):
            cache.lrange("l")
        assert len(cache.lrange("l", 0, 3)) == 4
        cache.close()


def test_connections_are_bounded(tmp_path: Path) -> None:
    """Of ten thousand that connect, as many are taken as may be; a tenant has its share."""
    with embedded(tmp_path, Limits(connections=40)) as server:
        flood = []
        refused = 0
        for _ in range(400):
            wire = Wire(server.url(), token=False)
            flood.append(wire)
            wire.send_some(encode_command([b"PING"]))
            answer = str(wire.answer())
            assert answer.startswith(("NOAUTH", "ERR max number of clients reached"))
            refused += answer.startswith("ERR max")
        assert refused == 360
        for wire in flood:
            wire.sock.close()
        server.sweep()
        greedy = [Wire(server.url("greedy")) for _ in range(30)]
        still_answers(server)
        for wire in greedy:
            wire.sock.close()


def test_a_tenant_with_all_connections_shuts_nobody_out(tmp_path: Path) -> None:
    """The next one gets its fair share, and what is given back is there again."""
    with embedded(tmp_path, Limits(connections=40)) as server:
        greedy = [Wire(server.url("greedy")) for _ in range(39)]
        modest = [Wire(server.url("modest")) for _ in range(5)]
        assert modest[-1].ask("PING") == "PONG"
        for wire in greedy + modest:
            wire.sock.close()
        again = [Wire(server.url("greedy")) for _ in range(39)]
        assert again[-1].ask("PING") == "PONG"
        for wire in again:
            wire.sock.close()


def test_one_that_asks_without_end_leaves_others_their_turn(server: Embedded) -> None:
    """While one client sends commands by the thousand, another is answered at once."""
    with Wire(server.url()) as busy:
        busy.sock.settimeout(0)
        data = encode_command([b"SET", b"a", b"x"]) * 1000
        for _ in range(50):
            busy.send_some(data)
            still_answers(server)


def test_a_client_that_vanishes_leaves_nothing(server: Embedded) -> None:
    """Connections that are reset in the middle of anything are forgotten."""
    for data in (b"*2\r\n$3\r\nGE", encode_command([b"BLPOP", b"q", b"0"])):
        for _ in range(20):
            with Wire(server.url("gone")) as wire:
                wire.sock.sendall(data)
    with Wire(server.url("gone")) as wire:
        wire.ask("SUBSCRIBE", "a", "b")
    end = time.monotonic() + 5
    while server.call(lambda: server.server.namespaces["gone"].connections.used):
        assert time.monotonic() < end
        time.sleep(0.01)
    server.sweep()
    assert "gone" not in server.server.namespaces


def test_channels_are_bounded(server: Embedded) -> None:
    """A connection listens to a thousand channels."""
    with Wire(server.url()) as wire:
        wire.send("SUBSCRIBE", *map(str, range(1001)))
        assert "at most 1000 channels" in str(wire.answer())
        wire.send("SUBSCRIBE", "x" * 8193)
        assert "1 to 8192 bytes" in str(wire.answer())


def test_a_message_is_bounded(server: Embedded) -> None:
    """As a value is."""
    cache = Cache(server.url())
    with pytest.raises(CacheError, match="at most 1048576"):
        cache.publish("news", "x" * ((1 << 20) + 1))
    cache.close()


def test_the_socket_may_be_closed_at_once(server: Embedded) -> None:
    """A thousand connections that say nothing and go."""
    for _ in range(1000):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(server.path)
    still_answers(server)
