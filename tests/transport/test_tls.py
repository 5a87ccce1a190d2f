"""Connections with TLS: what comes and goes, slowly, at once, and at the end."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from snake.tls.ring import CERTIFICATE, Found, Ring, Update
from snake.tls.secured import SECURED, Secured
from snake.transport.asgi import Receive, Scope, Send
from snake.transport.encrypted import EncryptedTransport
from snake.transport.http1 import Connection
from snake.transport.settings import Settings
from tests.transport.crypt import EC, Raw, connected, encrypting, issue, trusting
from tests.transport.wire import GET, PATIENCE, echo, hello, serving, steady, until, whole_body

CA = trustme.CA(key_type=EC)
OTHER_CA = trustme.CA(key_type=EC)
LOCALHOST = issue(CA, "localhost", "127.0.0.1")
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def posting(size: int, path: str = "/") -> bytes:
    """Return the head of a request with so long a body."""
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode()


class Seen:
    """An app that keeps its scopes."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep it, and answer."""
        self.scopes.append(scope)
        await hello(scope, receive, send)


@pytest.mark.parametrize("newest", VERSIONS)
async def test_requests(newest: ssl.TLSVersion) -> None:
    """Requests on one connection are answered one after the other, also those sent at once."""
    async with (
        serving(echo, encryption=await encrypting(LOCALHOST)) as server,
        server.client(trusting(CA, newest=newest)) as client,
    ):
        await client.send(GET)
        assert (await client.response()).body == b"GET / "
        await client.send(b"".join(GET.replace(b"/ ", b"/%d " % n, 1) for n in range(20)))
        assert [(await client.response()).body for _ in range(20)] == [
            b"GET /%d " % n for n in range(20)
        ]
        assert server.serving.connections == 1


@pytest.mark.parametrize("newest", VERSIONS)
async def test_scope(newest: ssl.TLSVersion) -> None:
    """A request has the scheme https, snake's own facts of the handshake, and ASGI's."""
    app = Seen()
    async with (
        serving(app, encryption=await encrypting(LOCALHOST)) as server,
        server.client(trusting(CA, newest=newest, alpn=("http/1.1",))) as client,
    ):
        await client.send(GET)
        await client.response()
    secured: Secured = app.scopes[0][SECURED]
    assert app.scopes[0]["scheme"] == "https"
    assert secured.server_name == "localhost"
    assert secured.alpn == "http/1.1"
    assert secured.version == int(newest)
    assert secured.cipher_suite
    assert app.scopes[0]["extensions"]["tls"]["tls_version"] == int(newest)


@pytest.mark.parametrize("newest", VERSIONS)
async def test_large_both_ways(newest: ssl.TLSVersion) -> None:
    """Megabytes in one message come back as they went."""
    body = bytes(range(256)) * 20_000
    async with (
        serving(echo, encryption=await encrypting(LOCALHOST)) as server,
        server.client(trusting(CA, newest=newest)) as client,
    ):
        await client.send(posting(len(body)) + body)
        assert (await client.response()).body == b"POST / " + body


async def test_slow_reader() -> None:
    """An app is no faster than a client that does not read, and nothing piles up."""
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(200):
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
            sent += 100_000
        await send({"type": "http.response.body"})

    async with (
        serving(app, encryption=await encrypting(LOCALHOST)) as server,
        server.client(trusting(CA)) as client,
    ):
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(GET)
        await until(lambda: sent)
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(0.2)
        connection = next(iter(server.serving._open))  # noqa: SLF001
        assert sent < 10_000_000
        assert connection.transport.get_write_buffer_size() < 400_000
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len((await client.response()).body) == 20_000_000


async def test_one_large_message_to_a_slow_reader() -> None:
    """What one message has too much waits as it is, and is not encrypted yet."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(30_000_000)})

    async with (
        serving(app, encryption=await encrypting(LOCALHOST)) as server,
        server.client(trusting(CA)) as client,
    ):
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(GET)
        await until(lambda: server.serving.connections)
        connection = next(iter(server.serving._open))  # noqa: SLF001
        await until(lambda: connection.transport.get_write_buffer_size() > 10_000_000)
        raw = connection.transport._raw  # type: ignore[attr-defined]  # noqa: SLF001
        assert raw.get_write_buffer_size() < 1_000_000
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len((await client.response()).body) == 30_000_000


async def test_app_that_does_not_read() -> None:
    """A client is no faster with its body than an app that does not read, and nothing piles up."""
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await echo(scope, receive, send)

    body = bytes(20_000_000)
    async with (
        serving(app, encryption=await encrypting(LOCALHOST)) as server,
        server.client(trusting(CA)) as client,
    ):
        await client.send(posting(len(body)) + body)
        await until(lambda: server.serving.connections)
        connection = next(iter(server.serving._open))  # noqa: SLF001
        await until(lambda: not connection.reading)
        assert isinstance(connection, Connection)
        assert connection.exchange is not None
        assert connection.exchange.body is not None
        taken = await steady(lambda: connection.exchange.body.received)  # type: ignore[union-attr]
        assert taken < 500_000
        assert waiting(connection) < 500_000
        go_on.set()
        assert (await client.response()).body == b"POST / " + body


def waiting(connection: object) -> int:
    """Return how many bytes of a connection have come that nobody has decrypted."""
    transport = getattr(connection, "transport", None)
    assert isinstance(transport, EncryptedTransport)
    return len(transport._waiting) + transport._incoming.pending  # noqa: SLF001


async def test_app_that_reads_slower_than_the_client_sends() -> None:
    """Nothing piles up either while an app takes a body piece by piece."""
    most = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal most
        while (await receive()).get("more_body"):
            (connection,) = server.serving._open  # noqa: SLF001
            most = max(most, waiting(connection))
            await asyncio.sleep(0)
        await hello(scope, receive, send)

    body = bytes(30_000_000)
    async with (
        serving(app, encryption=await encrypting(LOCALHOST)) as server,
        server.client(trusting(CA)) as client,
    ):
        await client.send(posting(len(body)) + body)
        assert (await client.response()).body == b"hello"
    assert most < 600_000


async def test_file(tmp_path: Path) -> None:
    """A file is read and encrypted where the kernel would have sent it."""
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 4000)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": str(file)})

    async with (
        serving(app, encryption=await encrypting(LOCALHOST)) as server,
        server.client(trusting(CA)) as client,
    ):
        for _ in range(2):
            await client.send(GET)
            assert (await client.response()).body == file.read_bytes()


async def test_connection_close() -> None:
    """The server says the end with close_notify, in its own words: nothing is cut short."""
    async with (
        serving(hello, encryption=await encrypting(LOCALHOST)) as server,
        connected(server, trusting(CA)) as client,
    ):
        await client.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        data = await client.read_to_end()
    assert data.endswith(b"hello")
    assert client.ended


async def test_half_close() -> None:
    """A client that has said close_notify still gets its answer, and then ours."""
    async with (
        serving(hello, encryption=await encrypting(LOCALHOST)) as server,
        connected(server, trusting(CA)) as client,
    ):
        client.session.write(GET)
        with pytest.raises(ssl.SSLWantReadError):
            client.session.unwrap()
        await client.flush()
        data = await client.read_to_end()
    assert data.endswith(b"hello")
    assert client.ended


async def test_truncated() -> None:
    """A client whose bytes end without close_notify is gone: its app hears of it."""
    heard = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, send
        with pytest.raises(ConnectionError):
            await whole_body(receive)
        heard.set()

    async with (
        serving(app, encryption=await encrypting(LOCALHOST)) as server,
        connected(server, trusting(CA)) as client,
    ):
        await client.send(posting(10) + b"12345")
        client.stream.half_close()
        async with asyncio.timeout(PATIENCE):
            await heard.wait()
        await until(lambda: not server.serving.connections)


async def test_refused_request() -> None:
    """A client that still sends when it is refused reads why, and the end."""
    async with (
        serving(hello, encryption=await encrypting(LOCALHOST)) as server,
        connected(server, trusting(CA)) as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\n\r\n" + bytes(100_000))
        data = await client.read_to_end()
    assert data.startswith(b"HTTP/1.1 400 ")
    assert client.ended


async def test_drain() -> None:
    """Draining closes idle connections with close_notify, and handshakes that are not over."""
    async with (
        serving(hello, encryption=await encrypting(LOCALHOST)) as server,
        connected(server, trusting(CA)) as idle,
        server.client() as silent,
    ):
        await until(lambda: server.serving._shaking)  # noqa: SLF001
        await asyncio.wait_for(server.serving.drain(PATIENCE), PATIENCE)
        assert await idle.read_to_end() == b""
        assert idle.ended
        await silent.closed()


async def test_new_certificate() -> None:
    """A new certificate is for new handshakes; what is open goes on with the one it has."""
    ring = Ring()
    encryption = await encrypting(LOCALHOST, ring=ring)
    newer = issue(OTHER_CA, "localhost")
    async with (
        serving(hello, encryption=encryption) as server,
        server.client(trusting(CA)) as before,
    ):
        ring.update(Update((newer,), gone=(LOCALHOST.fingerprint,)))
        await before.send(GET)
        assert (await before.response()).body == b"hello"
        async with server.client(trusting(OTHER_CA)) as after:
            await after.send(GET)
            assert (await after.response()).body == b"hello"


async def test_awaited_certificate() -> None:
    """A handshake waits for a certificate that may come; another is not kept waiting by it."""
    asked = asyncio.Event()
    ring = Ring(lambda *_: asked.set())
    encryption = await encrypting(LOCALHOST, ring=ring)
    ring.update(Update((LOCALHOST,), asks=("later.localhost",)))
    later = issue(CA, "later.localhost")
    async with serving(hello, encryption=encryption) as server:

        async def visit() -> bytes:
            async with server.client(trusting(CA), "later.localhost") as client:
                await client.send(GET)
                return (await client.response()).body

        waiting = asyncio.create_task(visit())
        async with asyncio.timeout(PATIENCE):
            await asked.wait()
        async with server.client(trusting(CA)) as other:
            await other.send(GET)
            assert (await other.response()).body == b"hello"
        assert not waiting.done()
        ring.answer(CERTIFICATE, "later.localhost", Found(later))
        assert await waiting == b"hello"


async def test_timeout() -> None:
    """A handshake that is not over in time ends: before the hello, in it, and after it."""
    settings = Settings(read_header_timeout=0.2)
    async with serving(hello, settings, encryption=await encrypting(LOCALHOST)) as server:
        async with server.client() as silent, server.client() as half, server.client() as lazy:
            context = trusting(CA)
            raw = Raw(half, context)
            with pytest.raises(ssl.SSLWantReadError):
                raw.session.do_handshake()
            data = raw.outgoing.read()
            await half.send(data[:50])
            await lazy.send(data)
            await lazy.reader.readexactly(100)
            for client in (silent, half, lazy):
                await client.rest()
        await until(lambda: not server.serving._shaking)  # noqa: SLF001
