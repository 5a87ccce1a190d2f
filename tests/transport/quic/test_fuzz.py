"""What comes by chance: nothing of it ends a server, or stays with it."""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from tests.transport.quic.client import head, serving
from tests.transport.quic.raw import Raw, frames, hello
from tests.transport.wire import echo, until
from tests.transport.wire import hello as greet


async def test_spoiled_beginnings(caplog: pytest.LogCaptureFixture) -> None:
    """First datagrams with bytes changed, cut off or added leave nothing behind for long."""
    chance = random.Random(1)
    async with serving(greet) as server:
        with Raw(server.address) as raw:
            for _ in range(300):
                data = bytearray(hello()[1][0])
                for _ in range(chance.randint(1, 4)):
                    data[chance.choice((chance.randrange(40), chance.randrange(len(data))))] ^= (
                        1 << chance.randrange(8)
                    )
                end = chance.choice((len(data), chance.randrange(len(data))))
                raw.send(bytes(data[:end]) + os.urandom(chance.choice((0, 0, 30))))
            await raw.listen(0.5)
            assert raw.received <= 3 * raw.sent
        for session in list(server.endpoint._sessions):
            session.since -= 60
        await until(lambda: server.endpoint.connections == 0)
        async with server.client() as client:
            assert (await client.get()).status == 200
    assert not [each for each in caplog.records if each.levelname in ("ERROR", "CRITICAL")]


@pytest.mark.slow
async def test_any_frames(caplog: pytest.LogCaptureFixture) -> None:
    """Packets of a client that are made of any bytes end its connection at most."""
    chance = random.Random(2)
    async with serving(echo) as server:
        for _ in range(40):
            async with server.client() as client:
                for _ in range(10):
                    kind = chance.choice((*range(0x1F), 0x30, 0x31, chance.randrange(64)))
                    data = bytes([kind]) + chance.randbytes(chance.randrange(60))
                    await frames(client, lambda out, data=data: out.push_bytes(data))  # type: ignore[misc]
                await asyncio.sleep(0.005)
        async with server.client() as client:
            assert (await client.get()).status == 200
    assert not [each for each in caplog.records if each.levelname in ("ERROR", "CRITICAL")]


@pytest.mark.slow
async def test_any_bytes_on_streams(caplog: pytest.LogCaptureFixture) -> None:
    """Streams of any bytes end a connection at most."""
    chance = random.Random(3)
    async with serving(echo) as server:
        for _ in range(40):
            async with server.client() as client:
                for _ in range(6):
                    one_way = chance.random() < 0.3
                    at = client.quic.get_next_available_stream_id(is_unidirectional=one_way)
                    begin = bytes([chance.choice((0, 1, 2, 3, 4, 5, 7, 0x0D, 0x21, 0x40))])
                    length = bytes([chance.randrange(64)])
                    client.raw(
                        at,
                        begin + length + chance.randbytes(chance.randrange(200)),
                        end=chance.random() < 0.5,
                    )
                await asyncio.sleep(0.005)
        async with server.client() as client:
            assert (await client.request(head("POST"), b"x")).status == 200
    assert not [each for each in caplog.records if each.levelname in ("ERROR", "CRITICAL")]
