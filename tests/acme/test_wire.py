"""HTTP to an authority: it ends in time, in bounds, and through what it is told to go through."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import trustme

from snake.acme.roots import trusting
from snake.acme.wire import Wire, WireError
from tests.acme.lying_ca import LyingCA, Reply
from tests.acme.pebble import needs_pebble, pebble


@contextmanager
def _wire(timeout: float = 5, proxy: str | None = None) -> Iterator[Wire]:
    wire = Wire(trusting(), None if proxy is None else (lambda _url: proxy), timeout)
    with closing(wire):
        yield wire


async def test_an_answer_that_drips_is_given_up(liar: LyingCA) -> None:
    """An answer that comes a byte now and then, its head too, is given up, and so is its thread."""
    liar.lies["directory"] = Reply(200, b"{}", drip=0.05)
    begin = time.monotonic()
    with _wire(0.5) as wire:
        with pytest.raises(WireError, match=r"no whole answer in 0\.5 s"):
            await wire.request("GET", liar.directory, {})
        assert time.monotonic() - begin < 5
        await _until(lambda: not _busy())


async def test_a_body_that_drips_is_given_up(liar: LyingCA) -> None:
    """So is one of which only the body comes slowly."""
    liar.lies["directory"] = Reply(200, b"x" * 1000, {"Content-Type": "x/y"}, drip=0.001)
    with _wire(0.5) as wire:
        with pytest.raises(WireError, match="no whole answer"):
            await wire.request("GET", liar.directory, {})
        await _until(lambda: not _busy())


async def test_a_request_that_is_cancelled_keeps_no_thread(liar: LyingCA) -> None:
    """When a request is cancelled, its connection is shut down."""
    liar.lies["directory"] = Reply(200, b"{}", drip=0.05)
    with _wire() as wire:
        task = asyncio.create_task(wire.request("GET", liar.directory, {}))
        await _until(lambda: bool(liar.seen))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _until(lambda: not _busy())


async def test_a_handshake_that_hangs_is_given_up() -> None:
    """A server that takes connections and says nothing costs the time of one request."""
    with socket.create_server(("127.0.0.1", 0)) as server, _wire(0.5) as wire:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(WireError, match="no whole answer"):
            await wire.request("GET", url, {})
        await _until(lambda: not _busy())


async def test_connections_are_used_again(liar: LyingCA) -> None:
    """A second request needs no second connection, and can be given up as well."""
    with _wire(0.5) as wire:
        assert (await wire.request("GET", liar.directory, {})).status == 200
        liar.lies["directory"] = Reply(200, b"{}", drip=0.05)
        with pytest.raises(WireError, match="no whole answer"):
            await wire.request("GET", liar.directory, {})
        await _until(lambda: not _busy())


async def test_many_requests_take_a_few_threads(liar: LyingCA) -> None:
    """However many requests there are, no more than 8 are under way."""
    with _wire() as wire:
        asked = [wire.request("GET", liar.directory, {}) for _ in range(50)]
        answers = await asyncio.gather(*asked)
        names = [thread.name for thread in threading.enumerate()]
        assert sum(name.startswith("acme") for name in names) <= 8
    assert {answer.status for answer in answers} == {200}


async def test_a_stranger_is_not_believed() -> None:
    """A server whose certificate nobody trusts gets no request, and the error says why."""
    refused = pytest.raises(WireError, match="certificate is not trusted")
    with _tls_server(trustme.CA()) as url, _wire() as wire, refused:
        await wire.request("GET", url, {})


@needs_pebble
async def test_the_roots_in_files_are_trusted(tmp_path: Path) -> None:
    """With roots of one's own, they are trusted, and nobody else is."""
    with pebble(tmp_path / "ca") as ca, closing(Wire(trusting([str(ca.root)]))) as wire:
        assert (await wire.request("GET", ca.directory, {})).status == 200
        refused = pytest.raises(WireError, match="certificate is not trusted")
        with _tls_server(trustme.CA()) as url, refused:
            await wire.request("GET", url, {})


async def test_a_proxy_is_used(liar: LyingCA) -> None:
    """Requests go through a proxy that is named."""
    with _proxy() as (url, seen), _wire(proxy=url) as wire:
        assert (await wire.request("GET", liar.directory, {})).status == 200
    assert seen == [f"GET {liar.directory} HTTP/1.1"]


async def test_a_proxy_that_is_down_is_named(liar: LyingCA) -> None:
    """When the proxy cannot be reached, the error says that it is the proxy."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    refused = pytest.raises(WireError, match="the proxy: Connection refused")
    with _wire(proxy=f"http://127.0.0.1:{port}") as wire, refused:
        await wire.request("GET", liar.directory, {})


@contextmanager
def _tls_server(ca: trustme.CA) -> Iterator[str]:
    """Answer one handshake by an authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                try:
                    context.wrap_socket(client, server_side=True)
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/"
        thread.join(5)


@contextmanager
def _proxy() -> Iterator[tuple[str, list[str]]]:
    """Run a proxy for one plain request; its first line is put on a list."""
    seen: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                head = client.recv(65_536)
                line, _, rest = head.partition(b"\r\n")
                seen.append(line.decode())
                host = line.split(b"/")[2].decode()
                name, _, port = host.partition(":")
                path = b"/" + line.split(b"/", 3)[3]
                with socket.create_connection((name, int(port))) as target:
                    target.sendall(b"GET " + path + b"\r\n" + rest)
                    client.sendall(target.recv(65_536))

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", seen
        thread.join(5)


async def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def _busy() -> list[str]:
    """Return which threads stand in a request."""
    frames = sys._current_frames()  # noqa: SLF001  (there is no other way to see it)
    return [
        thread.name
        for thread in threading.enumerate()
        if thread.ident in frames
        and any(each.name == "_exchange" for each in traceback.extract_stack(frames[thread.ident]))
    ]
