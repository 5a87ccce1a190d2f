"""What a hostile client can do over QUIC, and what it comes to."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from aioquic.buffer import Buffer, encode_uint_var
from aioquic.quic.packet import (
    QuicErrorCode,
    QuicPacketType,
    pull_quic_header,
)

from snake.transport.asgi import Receive, Scope, Send
from snake.transport.quic.endpoint import Address, Chosen
from tests.transport.quic.client import always, certificate, head, serving
from tests.transport.quic.raw import Raw, crypto, frames, garbage, hello
from tests.transport.wire import echo, until
from tests.transport.wire import hello as greet


def _type(data: bytes) -> QuicPacketType:
    return pull_quic_header(Buffer(data=data), host_cid_length=8).packet_type


async def test_amplification() -> None:
    """An address that has shown nothing gets at most three times what it sent (RFC 9000 §8.1)."""
    async with serving(greet) as server:
        with Raw(server.address) as raw:
            _, first = hello()
            raw.send(first[0])
            await raw.listen(1.5)  # with what is sent again, as nothing is acknowledged
            assert 0 < raw.received <= 3 * raw.sent


async def test_garbage() -> None:
    """What only looks like the beginning of a connection leaves nothing, and gets no answer."""
    async with serving(greet) as server:
        with Raw(server.address) as raw:
            for _ in range(300):
                raw.send(garbage())
                raw.send(os.urandom(1200))
                raw.send(b"\x40" + os.urandom(15))
                raw.send(b"")
            await raw.listen(0.5)
            kinds = {_type(data) for data in raw.came if data[0] & 0x80}
        assert server.endpoint.connections == 0
        assert not kinds - {QuicPacketType.VERSION_NEGOTIATION}
        assert raw.received <= raw.sent
        async with server.client() as client:
            assert (await client.get()).status == 200


async def test_short_beginnings() -> None:
    """A datagram that is too short to begin a connection gets nothing, of any version."""
    async with serving(greet) as server:
        with Raw(server.address) as raw:
            _, first = hello()
            raw.send(first[0][:1100])
            raw.send(garbage(1100, version=0x1A2A3A4A))
            raw.send(garbage(1100))
            assert await raw.listen(0.3) == []
        assert server.endpoint.connections == 0


async def test_unknown_version_is_told_once() -> None:
    """A datagram of an unknown version gets one that is shorter; one that negotiates, none."""
    async with serving(greet) as server:
        with Raw(server.address) as raw:
            raw.send(garbage(version=0x1A2A3A4A))
            (answer,) = await raw.listen(0.3)
            assert _type(answer) is QuicPacketType.VERSION_NEGOTIATION
            raw.send(answer.ljust(1200, b"\0"))
            assert await raw.listen(0.3) == []


async def test_resets_are_few() -> None:
    """Datagrams of connections that are gone get resets that are shorter, and not without end."""
    async with serving(greet) as server:
        with Raw(server.address) as raw:
            for _ in range(1000):
                raw.send(b"\x40" + os.urandom(60))
            came = await raw.listen(0.5)
            assert 0 < len(came) <= 200
            assert max(map(len, came)) < 61
            raw.send(b"\x40" + os.urandom(20))  # as short as a reset may be: no answer to it
            assert await raw.listen(0.2) == []


async def test_retry_when_many_begin() -> None:
    """While many handshakes are open, a client has to show its address first, and is served."""
    stuck = asyncio.Event()

    async def choose(message: bytes, server: Address, client: Address) -> Chosen:
        chosen = await always(certificate("a.test"))(message, server, client)
        if chosen.server_name == "stuck.test":
            await stuck.wait()
        return chosen

    async with serving(greet, choose=choose) as server:
        with Raw(server.address) as raw:
            for _ in range(100):
                raw.send(hello("stuck.test")[1][0])
                await asyncio.sleep(0.002)
            await raw.listen(0.5)
            retries = [data for data in raw.came if _type(data) is QuicPacketType.RETRY]
            assert len(retries) >= 36
            assert server.endpoint.connections == 64
            async with server.client() as client:
                assert (await client.get()).status == 200
                assert client.quic._retry_count == 1
        stuck.set()


async def test_tokens_are_of_an_address() -> None:
    """A token is worth nothing at another address, nor one that was changed."""
    async with serving(greet) as server:
        tokens = server.endpoint._tokens
        token = tokens.make(b"127.0.0.1 1", b"original", b"retry id")
        assert tokens.original_id(token, b"127.0.0.1 1", b"retry id") == b"original"
        assert tokens.original_id(token, b"127.0.0.1 2", b"retry id") is None
        assert tokens.original_id(token, b"127.0.0.1 1", b"other id") is None
        assert tokens.original_id(token[:-1] + b"x", b"127.0.0.1 1", b"retry id") is None
        assert tokens.original_id(b"", b"127.0.0.1 1", b"retry id") is None


async def test_handshake_that_is_never_finished() -> None:
    """A client that begins and says nothing more is forgotten after a while."""
    async with serving(greet) as server:
        with Raw(server.address) as raw:
            raw.send(hello()[1][0])
            await until(lambda: server.endpoint.connections == 1)
            (session,) = server.endpoint._sessions
            session.since -= 60
            await until(lambda: server.endpoint.connections == 0)


@pytest.mark.parametrize("at", [0, 100_000])
async def test_long_hello(at: int) -> None:
    """A ClientHello that is longer than any ends its handshake, and is not kept.

    Nor is a piece of one that is far from its beginning.
    """
    async with serving(greet) as server:
        with Raw(server.address) as raw:
            raw.send(crypto(b"\x01\x01\x11\x70" + bytes(1000), at))
            came = await raw.listen(0.5)
            assert came
            assert sum(map(len, came)) <= 3 * raw.sent
        assert server.endpoint.connections == 0


async def test_too_many_streams() -> None:
    """A client that opens more streams than it may loses its connection."""
    async with serving(greet) as server, server.client() as client:
        assert (await client.get()).status == 200
        number = encode_uint_var(4 * 400)
        await frames(client, lambda out: out.push_bytes(b"\x0a" + number + b"\x00"))
        ended = await client.closed()
        assert ended.error_code == QuicErrorCode.STREAM_LIMIT_ERROR


async def test_too_much_data() -> None:
    """A client that sends more than its window loses its connection."""
    async with serving(echo) as server, server.client() as client:
        at = client.send(head("POST"), b"x", end=False)
        number = encode_uint_var(at) + encode_uint_var(300_000)
        await frames(client, lambda out: out.push_bytes(b"\x0e" + number + b"\x01x"))
        ended = await client.closed()
        assert ended.error_code == QuicErrorCode.FLOW_CONTROL_ERROR


async def test_pieces_out_of_order() -> None:
    """A client that sends a stream in thousands of pieces with gaps loses its connection."""
    async with serving(echo) as server, server.client() as client:
        at = client.send(head("POST"), b"x", end=False)
        for block in range(40):

            def write(out: Buffer, block: int = block) -> None:
                for piece in range(100):
                    offset = encode_uint_var(1000 + 20 * (block * 100 + piece))
                    out.push_bytes(b"\x0e" + encode_uint_var(at) + offset + b"\x01x")

            await frames(client, write)
            await asyncio.sleep(0.005)
        ended = await client.closed()
        assert ended.error_code == QuicErrorCode.INTERNAL_ERROR


async def test_connection_id_floods() -> None:
    """New connection IDs without end, each to replace all before, end the connection.

    (CVE-2024-22189: the answers to them pile up while the client acknowledges nothing.)
    """
    async with serving(greet) as server, server.client() as client:
        assert (await client.get()).status == 200
        (session,) = server.endpoint._sessions
        for number in range(20, 2000):
            sequence = encode_uint_var(number)
            frame = b"\x18" + sequence + sequence + b"\x08" + os.urandom(8) + os.urandom(16)
            await frames(client, lambda out, frame=frame: out.push_bytes(frame))  # type: ignore[misc]
            if client.quic._close_event or session._is_over:
                break
            await asyncio.sleep(0)
        assert len(session.quic._retire_connection_ids) <= 100
        assert len(session.quic._host_cids) <= 3


async def test_retired_ids() -> None:
    """A client that retires its connection IDs gets new ones, but not without end."""
    async with serving(greet) as server, server.client() as client:
        assert (await client.get()).status == 200
        (session,) = server.endpoint._sessions
        for _ in range(20):
            client.change_connection_id()
            assert (await client.get()).status == 200
        assert len(server.endpoint._by_id) <= 5
        session.quic._host_cid_seq = 1024
        session.quic._host_cids.pop()
        session.quic._replenish_connection_ids()
        assert len(session.quic._host_cids) < 3


async def test_after_the_handshake() -> None:
    """Messages of a handshake that come after it end the connection, and are not collected."""
    async with serving(greet) as server, server.client() as client:
        assert (await client.get()).status == 200
        # The beginning of one of 16 MB
        await frames(client, lambda out: out.push_bytes(b"\x06\x00\x08\x04\xff\xff\xff" + bytes(4)))
        ended = await client.closed()
        assert ended.error_code == QuicErrorCode.CRYPTO_ERROR + 10


async def test_path_challenges() -> None:
    """Path challenges without end are answered with no more than a few (CVE-2023-49295)."""
    async with serving(greet) as server, server.client() as client:
        for _ in range(20):
            await frames(
                client,
                lambda out: out.push_bytes(b"".join(b"\x1a" + os.urandom(8) for _ in range(100))),
            )
        (session,) = server.endpoint._sessions
        await asyncio.sleep(0.1)
        assert len(session.quic._network_paths[0].remote_challenges) <= 32
        assert (await client.get()).status == 200


async def test_address_that_is_not_the_clients() -> None:
    """Who sends a client's packet from another address gets little of what is meant for it.

    The connection goes on where it was (RFC 9000 §9.3).
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(2_000_000)})

    async with serving(app) as server, server.client() as client:
        at = client.send(head())
        await client.until(lambda: len(client.response(at).body) > 100_000)
        with Raw(server.address) as raw:
            transport: Any = client._transport
            taken: list[bytes] = []
            stolen: Any = _Thief(transport, taken)
            client._transport = stolen
            await until(lambda: taken)
            client._transport = transport
            raw.send(taken[0])
            response = await client.answer(at)
            await raw.listen(0.2)
            assert raw.received <= 3 * raw.sent
        assert len(response.body) == 2_000_000


class _Thief:
    """Takes the next datagram of a client, and lets the others pass."""

    def __init__(self, transport: Any, taken: list[bytes]) -> None:
        self._transport = transport
        self._taken = taken

    def sendto(self, data: bytes, address: Any = None) -> None:
        """Send, or take."""
        if self._taken:
            self._transport.sendto(data, address)
        else:
            self._taken.append(data)

    def __getattr__(self, name: str) -> Any:
        """Be the transport otherwise."""
        return getattr(self._transport, name)


async def test_handshake_after_a_long_time() -> None:
    """The first client after a long time without any has all the time that others have."""
    async with serving(greet) as server:
        server.endpoint.clock.now -= 3600
        async with server.client(wait=False):
            await until(lambda: server.endpoint.connections == 1)
            (session,) = server.endpoint._sessions
            assert asyncio.get_running_loop().time() - session.since < 60
