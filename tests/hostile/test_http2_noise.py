"""HTTP/2 clients that make no sense: every one ends by itself, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable
from typing import Any

import pytest

from snake.transport.asgi import Receive, Scope, Send
from tests.transport.raw_http2 import GET, Raw, headers, odd, window
from tests.transport.wire import serving, until, whole_body

PATHS = ("/", "/read", "/wait", "/big", "/trailers", "*", "/%zz", "/x y")
FIELDS = (
    ("te", "trailers"), ("te", "a"), ("host", "b"), ("cookie", "a"), ("connection", "a"),
    ("expect", "100-continue"), ("X", "a"), ("content-length", "3"), ("x_a", "b"),
)  # fmt: skip


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in one of many ways."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "bytes": bytes(70_000)})
        return
    match scope["path"]:
        case "/read":
            await whole_body(receive)
        case "/wait":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
    trails = scope["path"] == "/trailers"
    await send({"type": "http.response.start", "status": 200, "trailers": trails})
    for _ in range(5 if scope["path"] == "/big" else 0):
        await send({"type": "http.response.body", "body": bytes(50_000), "more_body": True})
    await send({"type": "http.response.body", "body": b"hi"})
    if trails:
        await send({"type": "http.response.trailers", "headers": [(b"a", b"b")]})


class Noise:
    """Frames by chance."""

    def __init__(self, raw: Raw, seed: int) -> None:
        self._raw = raw
        self._chance = random.Random(seed)

    def frames(self) -> bytes:
        """Return many of them, maybe with a bit that is wrong."""
        chance = self._chance
        makers: list[Callable[[], bytes]] = [
            self._request, self._data, self._window, self._reset, self._setting, self._any,
        ]  # fmt: skip
        weights = [9, 5, 3, 2, 1, 1]
        noise = bytearray()
        for make in chance.choices(makers, weights, k=chance.randrange(1, 60)):
            noise += make()
        if chance.random() < 0.3:
            noise[chance.randrange(len(noise))] ^= 1 << chance.randrange(8)
        return bytes(noise)

    def _stream(self) -> int:
        return self._chance.choice([0, 1, 3, max(self._raw.last, 0), self._raw.last + 2])

    def _request(self) -> bytes:
        chance, raw = self._chance, self._raw
        method = chance.choice(["GET", "POST", "HEAD", "CONNECT", "OPTIONS"])
        fields: list[Any] = [(":method", method), *GET[1:3], (":path", chance.choice(PATHS))]
        if method == "CONNECT":
            fields += [(":protocol", "websocket"), ("sec-websocket-version", "13")]
        if chance.random() < 0.2:
            fields.append(chance.choice(FIELDS))
        if chance.random() < 0.05:
            chance.shuffle(fields)
        raw.last += 2
        flags = ["END_STREAM"] if chance.random() < 0.5 else []
        return headers(raw.last, raw.block(fields), flags)

    def _data(self) -> bytes:
        flags = self._chance.choice([0, 0, 1, 8, 9])
        return odd(0, self._stream(), bytes(self._chance.randrange(300)), flags)

    def _window(self) -> bytes:
        return window(self._stream(), self._chance.choice([1, 1000, 2**20, 2**31 - 1]))

    def _reset(self) -> bytes:
        return odd(3, self._stream(), struct.pack("!I", self._chance.randrange(20)))

    def _setting(self) -> bytes:
        chance = self._chance
        value = chance.choice([0, 1, 100, 16_384, 65_535, 2**24, 2**31 - 1])
        return odd(4, 0, struct.pack("!HI", chance.randrange(10), value))

    def _any(self) -> bytes:
        chance = self._chance
        content = chance.randbytes(chance.randrange(40))
        return odd(chance.randrange(20), self._stream(), content, chance.randrange(256))


@pytest.mark.slow
async def test_noise(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing fails, no app goes on, and the next client is served."""
    async with serving(app) as server:
        for seed in range(300):
            async with server.client() as client:
                raw = Raw(client)
                await raw.begin()
                await raw.flood(Noise(raw, seed).frames(), 1)
                reading = asyncio.create_task(client.rest())
                await asyncio.sleep(0.005)
                client.writer.transport.abort()
                await reading
        async with server.client() as client:
            raw = Raw(client)
            await raw.begin()
            await raw.send(raw.request())
            assert await raw.status() == 200
        await until(lambda: not server.serving.connections)
        await until(lambda: not server.serving.tasks)
    failed = [record for record in caplog.records if "asyncio" in record.name]
    assert not failed, failed
