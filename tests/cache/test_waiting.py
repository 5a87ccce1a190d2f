"""Who waits for a list: by turns, and nothing is lost with one that goes away."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from snake.cache import Cache
from tests.cache.serving import Embedded, Wire
from tests.server import ROOT


def waiting(server: Embedded) -> int:
    """Return how many wait for the list `q`."""
    namespace = server.server.namespaces[""]
    queue: int = server.call(lambda: namespace.waiters.count(b"q"))
    return queue


def until(server: Embedded, count: int) -> None:
    """Wait until so many wait."""
    end = time.monotonic() + 10
    while waiting(server) != count:
        assert time.monotonic() < end
        time.sleep(0.005)


def test_first_come_first_served(server: Embedded) -> None:
    """Fifty that wait get the elements in the order in which they came."""
    wires = [Wire(server.url()) for _ in range(50)]
    for at, wire in enumerate(wires):
        wire.send("BLPOP", "other", "q", "0")
        until(server, at + 1)
    with Wire(server.url()) as pushing:
        assert pushing.ask("RPUSH", "q", *map(str, range(25))) == 25
        for at in range(25, 50):
            assert pushing.ask("RPUSH", "q", str(at)) == 1
        assert pushing.ask("EXISTS", "q") == 0
    assert [wire.answer() for wire in wires] == [[b"q", b"%d" % at] for at in range(50)]
    for wire in wires:
        wire.sock.close()


def test_each_side_gets_its_own(server: Embedded) -> None:
    """Who waits for the last element gets the last."""
    with Wire(server.url()) as left, Wire(server.url()) as right, Wire(server.url()) as pushing:
        right.send("BRPOP", "q", "0")
        until(server, 1)
        left.send("BLPOP", "q", "0")
        until(server, 2)
        pushing.ask("RPUSH", "q", "a", "b", "c")
        assert (left.answer(), right.answer()) == ([b"q", b"a"], [b"q", b"c"])
        assert pushing.ask("LRANGE", "q", "0", "-1") == [b"b"]


def test_nothing_goes_to_one_that_has_gone(server: Embedded) -> None:
    """Even if the push comes together with the end of the one that waits."""
    for _ in range(50):
        with Wire(server.url()) as pushing:
            gone = Wire(server.url())
            gone.send("BLPOP", "q", "0")
            until(server, 1)
            # Both are there when the server looks the next time.
            server.call(gone.sock.close)
            assert pushing.ask("RPUSH", "q", "x") == 1
            assert pushing.ask("LPOP", "q") == b"x"


def test_nothing_goes_to_a_process_that_was_killed(server: Embedded) -> None:
    """One that waits and dies by SIGKILL leaves what is pushed to the next."""
    code = f"from snake.cache import Cache; Cache({server.url()!r}).lpop('q', timeout=60)"
    cache = Cache(server.url())
    cache.ping()
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    until(server, 1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    cache.rpush("q", "x")

    assert cache.lpop("q", timeout=5) == b"x"
    cache.close()


def test_one_waits_and_then_goes_on(server: Embedded) -> None:
    """What a client has said meanwhile is answered when it waits no longer."""
    with Wire(server.url()) as wire, Wire(server.url()) as pushing:
        wire.send("BLPOP", "q", "0.1")
        wire.send("PING")
        wire.send("BLPOP", "q", "0")
        wire.send("PING", "again")
        assert (wire.answer(), wire.answer()) == (None, "PONG")
        pushing.ask("RPUSH", "q", "x")
        assert (wire.answer(), wire.answer()) == ([b"q", b"x"], b"again")
    assert waiting(server) == 0


def test_another_kind_in_the_place_of_the_list_wakes_nobody(server: Embedded) -> None:
    """A scalar is not what is waited for."""
    with Wire(server.url()) as wire, Wire(server.url()) as other:
        wire.send("BLPOP", "q", "0")
        until(server, 1)
        other.ask("SET", "q", "x")
        other.ask("DEL", "q")
        other.ask("LPUSH", "q", "y")
        assert wire.answer() == [b"q", b"y"]
