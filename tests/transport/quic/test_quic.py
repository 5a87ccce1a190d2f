"""QUIC: how connections begin, whose they are, and where they go."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from aioquic import tls
from aioquic.quic.packet import QuicErrorCode, QuicProtocolVersion

from snake.tls.alerts import RefusedHandshakeError
from snake.transport.asgi import Receive, Scope, Send
from snake.transport.quic.endpoint import Address, Chosen, Endpoint, Service
from snake.transport.settings import Settings
from tests.transport.quic.client import always, certificate, head, serving
from tests.transport.wire import PATIENCE, echo, hello, until


@pytest.mark.parametrize("key", ["ecdsa", "rsa", "ed25519"])
async def test_certificate_by_name(key: str) -> None:
    """The certificate is chosen by the name that a client asks for, whatever its key."""
    certificates = {name: certificate(name, key=key) for name in ("a.test", "b.test")}

    async def choose(message: bytes, server: Address, client: Address) -> Chosen:
        del server, client
        name = tls.pull_client_hello(tls.Buffer(data=message)).server_name or ""
        return Chosen(name, certificates[name])

    async with serving(hello, choose=choose) as server:
        for name, expected in certificates.items():
            async with server.client(name) as client:
                assert (await client.get()).status == 200
                assert str(client.shown.serial_number) == expected.serial


async def test_certificate_is_waited_for() -> None:
    """A handshake waits for its certificate, and others do not wait for it."""
    come = asyncio.Event()

    async def choose(message: bytes, server: Address, client: Address) -> Chosen:
        chosen = await always(certificate("a.test"))(message, server, client)
        if chosen.server_name == "late.test":
            await come.wait()
        return chosen

    async with (
        serving(hello, choose=choose) as server,
        server.client("late.test", wait=False) as late,
    ):
        async with server.client("a.test") as client:
            assert (await client.get()).status == 200
        await asyncio.sleep(0.5)
        assert not late.quic._handshake_complete
        come.set()
        await late.wait_connected()
        assert (await late.get()).status == 200


async def test_no_certificate() -> None:
    """A client that there is no certificate for is told so, and loses the connection."""

    async def choose(message: bytes, server: Address, client: Address) -> Chosen:
        del message, server, client
        raise RefusedHandshakeError("there is none")

    async with serving(hello, choose=choose) as server:
        async with server.client(wait=False) as client:
            ended = await client.closed()
        assert ended.error_code == QuicErrorCode.CRYPTO_ERROR + 80
        await until(lambda: server.endpoint.connections == 0)


async def test_chooser_that_fails() -> None:
    """A bug where a certificate is chosen ends one handshake, and nothing else."""
    is_broken = True

    async def choose(message: bytes, server: Address, client: Address) -> Chosen:
        if is_broken:
            raise ZeroDivisionError
        return await always(certificate("a.test"))(message, server, client)

    async with serving(hello, choose=choose) as server:
        async with server.client(wait=False) as client:
            assert (await client.closed()).error_code == QuicErrorCode.CRYPTO_ERROR + 80
        is_broken = False
        async with server.client() as client:
            assert (await client.get()).status == 200


async def test_other_protocols() -> None:
    """Nothing but HTTP/3 is spoken over QUIC."""
    async with (
        serving(hello) as server,
        server.client(wait=False, alpn_protocols=["hq-interop"]) as client,
    ):
        assert (await client.closed()).error_code == QuicErrorCode.CRYPTO_ERROR + 120


@pytest.mark.parametrize("version", [QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2])
async def test_versions(version: int) -> None:
    """Both versions of QUIC are spoken (RFC 9000, RFC 9369)."""
    async with (
        serving(hello) as server,
        server.client(original_version=version, supported_versions=[version]) as client,
    ):
        assert (await client.get()).status == 200


async def test_unknown_version() -> None:
    """A client of another version is told those that there are, and comes back with one."""
    async with (
        serving(hello) as server,
        server.client(
            original_version=0x1A2A3A4A,
            supported_versions=[0x1A2A3A4A, QuicProtocolVersion.VERSION_1],
        ) as client,
    ):
        assert (await client.get()).status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_all_addresses(host: str) -> None:
    """A socket for all addresses answers from the one that was asked, and tells it to the app."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await hello(scope, receive, send)

    async with serving(app, host=host) as server:
        port = server.address[1]
        for each in ("127.0.0.1", "127.0.0.2"):
            server.address = (each, port)
            async with server.client() as client:
                assert (await client.get()).status == 200
            scope = seen.pop()
            assert scope["server"] == (each, port)
            assert scope["client"][0].startswith("127.")


async def test_migration() -> None:
    """A connection goes on when its client's address changes (RFC 9000 §9)."""
    async with serving(echo) as server, server.client() as client:
        assert (await client.get("/one")).body == b"GET /one "
        other = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        other.bind(("::", 0))
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: client, sock=other)
        try:
            assert (await client.get("/two")).body == b"GET /two "
            assert server.endpoint.connections == 1
        finally:
            transport.close()


def _endpoint(sock: socket.socket, folder: Path) -> Endpoint:
    service = Service(echo, Settings(), always(certificate("a.test")))
    endpoint = Endpoint(sock, service, folder)
    endpoint.resume()
    return endpoint


async def test_datagrams_are_passed_on(tmp_path: Path) -> None:
    """What came to the wrong one of two endpoints is passed on to the right one.

    So a connection survives a reload: the next generation reads the same sockets.
    """
    async with serving(echo, folder=tmp_path) as server, server.client() as client:
        assert (await client.get("/one")).body == b"GET /one "
        sock = server.endpoint.socket.sock
        other = _endpoint(sock, tmp_path)
        asyncio.get_running_loop().remove_reader(sock)
        assert (await client.get("/two")).body == b"GET /two "
        assert (server.endpoint.connections, other.connections) == (1, 0)
        async with server.client() as second:
            assert (await second.get("/three")).body == b"GET /three "
            assert (server.endpoint.connections, other.connections) == (1, 1)
        await other.drain(1)
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]  # noqa: ASYNC240
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


async def test_one_that_drains_passes_on_what_is_new(tmp_path: Path) -> None:
    """An endpoint that is about to end takes no new clients: those go to another."""
    go = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        await echo(scope, receive, send)

    async with serving(app, folder=tmp_path) as server, server.client() as client:
        at = client.send(head("GET", "/one"))
        await asyncio.sleep(0.05)
        other = _endpoint(server.endpoint.socket.sock, tmp_path)
        loop = asyncio.get_running_loop()
        loop.remove_reader(other.socket.sock)
        draining = loop.create_task(server.endpoint.drain(PATIENCE))
        async with server.client() as second:
            assert (await second.get("/two")).body == b"GET /two "
            assert (server.endpoint.connections, other.connections) == (1, 1)
        go.set()
        assert (await client.answer(at)).body == b"GET /one "
        await draining
        await other.drain(1)


async def test_stateless_reset(tmp_path: Path) -> None:
    """A client whose connection died with its worker is told so by any other."""
    async with serving(echo, folder=tmp_path) as server, server.client() as client:
        assert (await client.get("/one")).status == 200
        token = client.quic._peer_cid.stateless_reset_token
        endpoint = server.endpoint
        for session in list(endpoint._sessions):
            endpoint.closed(session)  # as if it had never been there
            session._is_over = True
        came: list[Any] = []
        with_all: Any = client
        with_all.datagram_received = lambda data, _: came.append(data)
        client.send(head())
        await until(lambda: any(each[-16:] == token and len(each) < 60 for each in came))


async def test_idle_client_that_waits() -> None:
    """A client that waits for a slow response is kept, and asked for a sign now and then."""
    go = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        await echo(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        at = client.send(head())
        await asyncio.sleep(0.05)
        (session,) = server.endpoint._sessions
        session._heard -= 20
        before = client.quic._spaces[tls.Epoch.ONE_RTT].largest_received_packet
        session.enforce(asyncio.get_running_loop().time())
        await until(lambda: client.quic._spaces[tls.Epoch.ONE_RTT].largest_received_packet > before)
        go.set()
        assert (await client.answer(at)).status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::"])
async def test_datagrams_joined(host: str) -> None:
    """What is long goes out in buffers of many datagrams, or one by one where that cannot be."""
    body = os.urandom(400_000)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async with serving(app, host=host) as server, server.client() as client:
        assert (await client.get()).body == body
        server.endpoint.socket._can_join = False
        assert (await client.get()).body == body
