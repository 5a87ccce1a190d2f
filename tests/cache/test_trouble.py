"""A cache that is not there, goes away, comes back, or says nothing."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pytest
import trustme

from snake.cache import Cache, CacheError, CacheUnavailableError
from snake.cache.limits import Limits
from tests.cache.serving import NO_REDIS, REDIS, Embedded, Wire, embedded, redis
from tests.server import free_port


@contextmanager
def saying(answer: bytes) -> Iterator[str]:
    """Run a server that says one thing to everybody, and then reads on."""
    folder = Path(tempfile.mkdtemp())
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(folder / "s"))
        sock.listen(10)
        kept = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = sock.accept()
                except OSError:
                    return
                connection.sendall(answer)
                kept.append(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"unix://{folder}/s?timeout=0.2"
        sock.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in kept:
            connection.close()


async def asked(cache: Cache) -> None:
    """Ask from a task."""
    try:
        await cache.aget("a")
    finally:
        await cache.aclose()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("unix:///nowhere/c.sock", "/nowhere/c.sock is not available: No such file"),
        ("redis://127.0.0.1:1", "127.0.0.1:1 is not available: Conn"),
        ("redis://nowhere.invalid", "nowhere.invalid:6379 is not available"),
    ],
)
def test_a_cache_that_is_not_there(url: str, message: str) -> None:
    """Is named, with why; from threads and from tasks."""
    with pytest.raises(CacheUnavailableError, match=message.split(":", maxsplit=1)[0]):
        Cache(url).get("a")
    with pytest.raises(CacheUnavailableError, match="is not available"):
        asyncio.run(asked(Cache(url)))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "did not answer in time"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a reply begins with b'H'"),
        (b"$5\r\nabc", "did not answer in time"),
        (b"-LOADING Redis is loading\r\n", "LOADING Redis is loading"),
    ],
)
def test_a_server_that_talks_rubbish_or_nothing(answer: bytes, message: str) -> None:
    """Is an error in a bounded time, and never an answer."""
    with saying(answer) as url:
        cache = Cache(url)
        with pytest.raises(CacheError, match=message):
            cache.get("a")
        cache.close()
    with saying(answer) as url, pytest.raises(CacheError, match=message):
        asyncio.run(asked(Cache(url)))


def cut(server: Embedded) -> None:
    """End all connections of the server, as a restart of it does."""

    def abort() -> None:
        for session in list(server.server.sessions):
            session.abort()

    server.call(abort)


def test_a_cache_that_was_started_again_is_used_again(server: Embedded) -> None:
    """Connections that are kept and have ended are not noticed, by threads and tasks."""
    cache = Cache(server.url())
    cache.set("a", 1)
    for _ in range(5):
        cut(server)
        assert cache.get("a") == b"1"
        cut(server)
        assert cache.rpush("l", 1) > 0
    cache.close()

    async def work() -> None:
        for _ in range(5):
            await cache.aget("a")
            cut(server)
            assert await cache.aget("a") == b"1"
            await asyncio.sleep(0.05)
            cut(server)
            await asyncio.sleep(0.05)
            assert await cache.arpush("l", 1) > 0
        await cache.aclose()

    asyncio.run(work())


def test_many_tasks_and_a_cache_that_goes_away(server: Embedded) -> None:
    """All get an answer or an error; none waits for ever, and the next ask goes through."""
    cache = Cache(server.url())

    async def work() -> None:
        asks = [asyncio.create_task(cache.alpop("q", timeout=30)) for _ in range(20)]
        await asyncio.sleep(0.2)
        cut(server)
        got = await asyncio.gather(*asks, return_exceptions=True)
        assert all(isinstance(each, CacheUnavailableError) for each in got)
        await cache.aset("a", 1)
        async with cache.asubscribe("news") as messages:
            cut(server)
            with pytest.raises(CacheUnavailableError):
                await messages.get(5)
        await cache.aclose()

    asyncio.run(work())


def test_a_subscription_that_is_cut_off_says_so(server: Embedded) -> None:
    """Who listens learns that messages may be missing."""
    cache = Cache(server.url())
    with cache.subscribe("news") as messages:
        cut(server)
        with pytest.raises(CacheUnavailableError):
            messages.get(5)
    cache.close()


def test_what_was_not_answered_is_not_done_twice(server: Embedded) -> None:
    """A push that is cut off in the middle is an error: the app decides."""
    cache = Cache(server.url() + "&timeout=10")
    cache.ping()
    paused = threading.Event()
    seen = threading.Event()

    def pause() -> None:
        seen.set()
        paused.wait(5)
        for session in list(server.server.sessions):
            session.abort()

    thread = threading.Thread(target=server.call, args=(pause,))
    thread.start()
    seen.wait(5)
    errors: list[Exception] = []

    def push() -> None:
        try:
            cache.rpush("l", 1)
        except CacheUnavailableError as error:
            errors.append(error)

    pushing = threading.Thread(target=push)
    pushing.start()
    time.sleep(0.1)
    paused.set()
    pushing.join(10)
    thread.join(10)

    assert len(errors) == 1
    with Wire(server.url()) as wire:
        assert wire.ask("LLEN", "l") in (0, 1)
    cache.close()


def test_connections_are_kept(server: Embedded) -> None:
    """A hundred commands of a thread use one connection, of a thousand tasks one more."""
    cache = Cache(server.url())
    before = descriptors()
    for _ in range(100):
        cache.get("a")
    assert server.call(lambda: len(server.server.sessions)) == 1

    async def work() -> None:
        await asyncio.gather(*(cache.aget("a") for _ in range(1000)))
        assert server.call(lambda: len(server.server.sessions)) == 2
        await cache.aclose()

    asyncio.run(work())
    cache.close()
    end = time.monotonic() + 10
    while descriptors() > before + 2 and time.monotonic() < end:  # the server closes its ends
        time.sleep(0.01)
    assert descriptors() <= before + 2


def descriptors() -> int:
    """Return how many descriptors this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_namespace_of_redis_is_before_every_key(redis_url: str) -> None:
    """Two apps with names of their own share a Redis and do not meet."""
    one, two = Cache(redis_url + "?namespace=one"), Cache(redis_url + "?namespace=two")
    with Wire(redis_url) as wire:
        wire.ask("FLUSHALL")
        one.set("a", 1)
        two.set("a", 2)
        two.rpush("l", 1)
        assert (one.get("a"), one.keys(), two.keys()) == (b"1", [b"a"], [b"a", b"l"])
        assert set(wire.ask("KEYS", "*")) == {b"one:a", b"two:a", b"two:l"}
        with one.subscribe("news") as messages:
            assert two.publish("news", "x") == 0
            assert one.publish("news", "y") == 1
            assert messages.get(5) == b"y"
    one.close()
    two.close()


def test_a_wrong_password_of_redis_is_told(redis_url: str) -> None:
    """As a mistake in the configuration."""
    path = redis_url.partition("@")[2]
    with pytest.raises(CacheError, match="refuses the password"):
        Cache(f"unix://:wrong@{path}").get("a")


def test_a_full_cache_says_so(tmp_path: Path) -> None:
    """And is not full any more when something was deleted."""
    with embedded(tmp_path) as server:
        cache = Cache(server.url())
        with pytest.raises(CacheError, match="at most 1048576"):
            cache.set("a", "x" * (1 << 21))
        cache.close()


@pytest.mark.skipif(REDIS is None, reason=NO_REDIS)
def test_a_redis_over_tls(tmp_path: Path) -> None:
    """`rediss://` speaks TLS, to a server whose certificate the CA of `cafile` has signed."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "cert.pem"
    )
    port = free_port()
    files = [f"--tls-{name}-file {tmp_path}/cert.pem".split() for name in ("cert", "key")]
    with redis("--tls-port", str(port), *chain(*files), "--tls-auth-clients", "no"):
        url = f"rediss://:p%40ss%3Aword@localhost:{port}?cafile={tmp_path}/ca.pem"
        cache = Cache(url)
        cache.set("a", 1)
        assert cache.get("a") == b"1"
        assert cache.lpop("none", timeout=0.05) is None
        cache.close()

        async def work() -> None:
            assert await cache.aget("a") == b"1"
            async with cache.asubscribe("news") as messages:
                await cache.apublish("news", "x" * 100_000)
                assert await messages.get(5) == b"x" * 100_000
            await cache.aclose()

        asyncio.run(work())
        with pytest.raises(CacheUnavailableError, match="verify failed"):
            Cache(url.partition("?")[0]).get("a")


def test_a_client_that_is_one_too_many_learns_why(tmp_path: Path) -> None:
    """Threads do; a task may only see the connection closed, if it was quicker to ask."""
    with embedded(tmp_path, Limits(connections=1)) as server, Wire(server.url(), token=False):
        cache = Cache(server.url())
        with pytest.raises(CacheError, match="max number of clients reached"):
            cache.get("a")
        with pytest.raises(CacheError, match=r"max number of clients reached|is not available"):
            asyncio.run(asked(cache))
        cache.close()
