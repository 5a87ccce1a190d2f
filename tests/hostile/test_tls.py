"""Handshakes and records that no honest client sends."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
import trustme
from OpenSSL import SSL

from snake.tls.hello import HelloReader
from snake.tls.ring import Ring, Update
from snake.transport.asgi import Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.crypt import EC, Raw, connected, encrypting, issue, trusting
from tests.transport.records import DATA, Sealer
from tests.transport.test_client_certificates import visit
from tests.transport.wire import GET, Client, Server, hello, serving, steady, until, whole_body

CA = trustme.CA(key_type=EC)
SITE = issue(CA, "localhost")
HANDSHAKE, ALERT = 22, 21
INTERNAL_ERROR, PROTOCOL_VERSION, NO_PROTOCOL = 80, 70, 120


def first_bytes(name: str | None = "localhost", alpn: tuple[str, ...] = ()) -> bytes:
    """Return what a client sends first."""
    context = trusting(None, alpn=alpn)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


def alert_in(data: bytes) -> int:
    """Return the alert that a client was sent, and nothing else."""
    assert len(data) == 7
    assert data[0] == ALERT
    return data[6]


async def ask(client: Client, data: bytes) -> bytes:
    """Send bytes, and return all that comes until the server closes."""
    await client.send(data)
    return await client.rest()


@pytest.mark.parametrize(
    ("data", "alert"),
    [
        (b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + bytes(35), 50),  # SSL 2.0
        (b"\x00" * 200, 50),
        (b"SSH-2.0-OpenSSH_9.2\r\n", 50),
        (b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", 50),
        (b"\x17\x03\x03\x00\x05hello", 50),
        (first_bytes("nobody.example"), INTERNAL_ERROR),
        (first_bytes("192.0.2.1"), INTERNAL_ERROR),
        (first_bytes(None), INTERNAL_ERROR),
        (first_bytes(alpn=("spdy/3",)), NO_PROTOCOL),
        (first_bytes("nobody.example", ("acme-tls/1",)), INTERNAL_ERROR),
    ],
    ids=[
        "ssl2",
        "zeros",
        "ssh",
        "hello-of-a-server",
        "data",
        "name",
        "ip",
        "no-name",
        "alpn",
        "acme",
    ],
)
async def test_refused(data: bytes, alert: int) -> None:
    """What is no hello, or one that cannot be answered, gets an alert and the end."""
    async with (
        serving(hello, encryption=await encrypting(SITE)) as server,
        server.client() as client,
    ):
        assert alert_in(await ask(client, data)) == alert
        await until(lambda: not server.serving._shaking)  # noqa: SLF001


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_old_versions(newest: ssl.TLSVersion) -> None:
    """TLS 1.0 and 1.1 are refused by their alert."""
    context = trusting(None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    context.set_ciphers("ALL:@SECLEVEL=0")
    async with (
        serving(hello, encryption=await encrypting(SITE)) as server,
        server.client() as stream,
    ):
        raw = Raw(stream, context)
        with pytest.raises(ssl.SSLWantReadError):
            raw.session.do_handshake()
        assert alert_in(await ask(stream, raw.outgoing.read())) == PROTOCOL_VERSION


async def test_http() -> None:
    """A client that speaks HTTP where TLS is spoken is told so."""
    async with (
        serving(hello, encryption=await encrypting(SITE)) as server,
        server.client() as client,
    ):
        answer = await ask(client, GET)
    assert answer.startswith(b"HTTP/1.0 400 Bad Request\r\n")
    assert answer.endswith(b"\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")


async def test_pieces() -> None:
    """A hello that comes byte by byte, and a large one in small records, are both answered."""
    data = first_bytes()
    body = data[5:]
    records = b"".join(b"\x16\x03\x01\x00\x01" + body[at : at + 1] for at in range(len(body)))
    async with serving(hello, encryption=await encrypting(SITE)) as server:
        async with server.client() as client:
            for at in range(len(data)):
                await client.send(data[at : at + 1])
            assert (await client.reader.readexactly(1))[0] == HANDSHAKE
        async with server.client() as client:
            await client.send(records)
            assert (await client.reader.readexactly(1))[0] == HANDSHAKE


async def test_endless_hello() -> None:
    """A hello that does not end is cut off when it is longer than any; nothing is kept of it."""
    head = b"\x01\x00\x3f\xff"
    async with (
        serving(hello, encryption=await encrypting(SITE)) as server,
        server.client() as client,
    ):
        record = b"\x16\x03\x01\x00\x01"
        await client.send(b"".join(record + head[at : at + 1] for at in range(4)))
        assert alert_in(await ask(client, (record + b"x") * 2000)) == 50


async def test_large_hello() -> None:
    """A hello of 10 kB is answered."""
    data = first_bytes()
    message = data[5:]
    at = 4 + 2 + 32
    at += 1 + message[at]
    at += 2 + int.from_bytes(message[at : at + 2])
    at += 1 + message[at]
    padding = b"\xfa\xfa" + (10_000).to_bytes(2) + bytes(10_000)
    total = int.from_bytes(message[at : at + 2]) + len(padding)
    whole = message[4:at] + total.to_bytes(2) + padding + message[at + 2 :]
    sent = b"\x01" + len(whole).to_bytes(3) + whole
    record = b"\x16\x03\x01" + len(sent).to_bytes(2) + sent
    assert HelloReader().feed(record) is not None
    async with (
        serving(hello, encryption=await encrypting(SITE)) as server,
        server.client() as client,
    ):
        await client.send(record)
        assert (await client.reader.readexactly(1))[0] == HANDSHAKE


@pytest.mark.parametrize("requested", [False, True])
async def test_flood_of_key_updates(tmp_path: Path, *, requested: bool) -> None:
    """A client that sends only key updates is sent away (CVE-2026-32283)."""
    async with (
        serving(hello, encryption=await encrypting(SITE)) as server,
        sealing(server, tmp_path / "log") as (raw, sealer),
    ):
        client = raw.stream
        began = time.process_time()
        await client.send(b"".join(sealer.update(requested=requested) for _ in range(10_000)))
        await client.rest()
        await until(lambda: not server.serving.connections)
        assert time.process_time() - began < 5


async def test_key_updates_within_reason(tmp_path: Path) -> None:
    """Some key updates before a request are nothing unusual."""
    async with (
        serving(hello, encryption=await encrypting(SITE)) as server,
        sealing(server, tmp_path / "log") as (client, sealer),
    ):
        updates = b"".join(sealer.update(requested=False) for _ in range(100))
        await client.stream.send(updates + sealer.seal(DATA, GET))
        assert (await client.read()).endswith(b"hello")


async def test_key_updates_whose_answers_nobody_reads(tmp_path: Path) -> None:
    """What key updates make the server say does not pile up for a client that reads nothing."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, send
        await whole_body(receive)

    async with (
        serving(app, encryption=await encrypting(SITE)) as server,
        sealing(server, tmp_path / "log") as (raw, sealer),
    ):
        client = raw.stream
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(
            sealer.seal(DATA, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n")
        )
        await until(lambda: server.serving.connections)
        connection = next(iter(server.serving._open))  # noqa: SLF001
        flood = asyncio.create_task(flooding(client, sealer))

        def waiting() -> int:
            return connection.transport.get_write_buffer_size()

        await steady(waiting)
        assert waiting() < 1_000_000
        flood.cancel()


async def flooding(client: Client, sealer: Sealer) -> None:
    """Send key updates that want an answer, and a byte of a body between many of them."""
    while True:
        await client.send(
            b"".join(sealer.update(requested=True) for _ in range(1000)) + sealer.seal(DATA, b"x")
        )


async def test_renegotiation() -> None:
    """A client that asks for another handshake on its connection gets none."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    client = SSL.Connection(context, None)
    client.set_connect_state()
    client.set_tlsext_host_name(b"localhost")
    async with serving(hello, encryption=await encrypting(SITE)) as server, server.client() as raw:

        async def step() -> bytes:
            with suppress(SSL.WantReadError):
                await raw.send(client.bio_read(100_000))
            async with asyncio.timeout(10):
                data = await raw.reader.read(65_536)
            client.bio_write(data)
            return data

        while True:
            try:
                client.do_handshake()
                break
            except SSL.WantReadError:
                await step()
        client.renegotiate()
        with pytest.raises(SSL.Error, match="no renegotiation"):
            await again(client, step)


async def again(client: SSL.Connection, step: Callable[[], Awaitable[bytes]]) -> None:
    """Shake hands as far as that goes."""
    while True:
        try:
            client.do_handshake()
        except SSL.WantReadError:
            if not await step():
                raise SSL.Error([("", "", "no renegotiation")]) from None
        else:
            return


async def test_compression() -> None:
    """TLS 1.2 has no compression."""
    context = trusting(CA, newest=ssl.TLSVersion.TLSv1_2)
    async with (
        serving(hello, encryption=await encrypting(SITE)) as server,
        server.client(context) as client,
    ):
        session: ssl.SSLObject = client.writer.get_extra_info("ssl_object")
        assert session.compression() is None
        assert session.version() == "TLSv1.2"


async def test_flood_of_certificates() -> None:
    """A client that shows more certificates than anybody has is sent away before they are read."""
    clients = trustme.CA(key_type=EC)
    client = clients.issue_cert("ann", key_type=EC)
    chain = client.cert_chain_pems[0].bytes() * 500
    auth = {
        "mode": "verify_if_given",
        "trusted_ca_certs": [
            base64.b64encode(ssl.PEM_cert_to_DER_cert(clients.cert_pem.bytes().decode())).decode()
        ],
    }
    encryption = await encrypting(SITE, policies=({"client_authentication": auth},))
    context = trusting(CA)
    with trustme.Blob(chain + client.private_key_pem.bytes()).tempfile() as path:
        context.load_cert_chain(path)
    async with serving(hello, encryption=encryption) as server:
        assert not await visit(server, context)
        await until(lambda: not (server.serving._shaking or server.serving.connections))  # noqa: SLF001


async def test_many_silent_clients() -> None:
    """Hundreds of clients that say nothing, or half a hello, cost nobody else's handshake."""
    data = first_bytes()
    async with (
        serving(hello, encryption=await encrypting(SITE)) as server,
        AsyncExitStack() as stack,
    ):
        for at in range(300):
            client = await stack.enter_async_context(server.client())
            await client.send(data[: at % 500])
        honest = await stack.enter_async_context(server.client(trusting(CA)))
        await honest.send(GET)
        assert (await honest.response()).body == b"hello"


async def test_clients_that_leave() -> None:
    """A client may leave at any point of a handshake; nothing is left of it."""
    data = first_bytes()
    async with serving(hello, encryption=await encrypting(SITE)) as server:
        for count in (0, 1, 5, 100, len(data)):
            for reset in (False, True):
                async with server.client() as client:
                    await client.send(data[:count])
                    if reset:
                        client.reset()
        await until(lambda: not (server.serving._shaking or server.serving.connections))  # noqa: SLF001


async def test_slow_handshake() -> None:
    """Who drips bytes of a handshake has the same time as who sends none."""
    settings = Settings(read_header_timeout=0.3)
    data = first_bytes()

    async def drip(client: Client) -> None:
        for at in range(len(data)):
            await client.send(data[at : at + 1])
            await asyncio.sleep(0.02)

    async with (
        serving(hello, settings, encryption=await encrypting(SITE)) as server,
        server.client() as client,
    ):
        dripping = asyncio.create_task(drip(client))
        await client.rest()
        await until(lambda: not server.serving._shaking)  # noqa: SLF001
        dripping.cancel()


@asynccontextmanager
async def sealing(server: Server, log: Path) -> AsyncIterator[tuple[Raw, Sealer]]:
    """Connect and do the handshake; give what seals the client's records from there on."""
    context = trusting(CA)
    context.keylog_filename = str(log)
    async with connected(server, context) as raw:
        assert raw.session.cipher() == ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)
        yield raw, Sealer.of(log)


async def test_client_that_leaves_while_it_is_waited_for() -> None:
    """A client that leaves while its certificate is obtained is seen to have left."""
    asked = asyncio.Event()
    ring = Ring(lambda *_: asked.set())
    encryption = await encrypting(SITE, ring=ring)
    ring.update(Update((SITE,), asks=("*",)))
    async with serving(hello, encryption=encryption) as server:
        async with server.client() as client:
            await client.send(first_bytes("later.example"))
            await asked.wait()
            assert server.serving._shaking  # noqa: SLF001
        await until(lambda: not server.serving._shaking)  # noqa: SLF001
