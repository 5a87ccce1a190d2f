"""A client that sends whatever frames of HTTP/2 it likes, right or wrong."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from hpack import Decoder, Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
)

from tests.transport.wire import PATIENCE, Client

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR = 0, 1, 3, 5, 6
REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 7, 8, 9, 11
Kind = TypeVar("Kind", bound=Frame)
Fields = Iterable[tuple[str | bytes, str | bytes]]
GET: list[tuple[str | bytes, str | bytes]] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "a"),
    (":path", "/"),
]
POST = [(":method", "POST"), *GET[1:]]
_PIECE = 16_384


class Raw:
    """One connection."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.encoder = Encoder()
        self.last = -1
        """The stream that was opened last."""
        self._decoder = Decoder()
        self._heads: WeakKeyDictionary[Frame, Any] = WeakKeyDictionary()
        self._data = b""

    async def begin(self, settings: dict[int, int] | None = None) -> None:
        """Send the preface, and settings."""
        await self.client.send(PREFACE + SettingsFrame(0, settings=settings or {}).serialize())

    def block(self, fields: Fields) -> bytes:
        """Return a header block."""
        return self.encoder.encode(list(fields))

    def request(self, fields: Fields = GET, *, end: bool = True) -> bytes:
        """Return the frames of a head on a stream of its own."""
        self.last += 2
        flags = ["END_STREAM"] if end else []
        return headers(self.last, self.block(fields), flags)

    async def send(self, *frames: Frame | bytes) -> None:
        """Send frames."""
        await self.client.send(
            b"".join(each if isinstance(each, bytes) else each.serialize() for each in frames)
        )

    async def flood(self, frames: bytes, times: int) -> None:
        """Send the same again and again, until the server has enough of it."""
        try:
            for _ in range(times):
                await self.client.send(frames)
        except ConnectionError:
            pass

    async def frame(self) -> Frame | None:
        """Return the next frame; `None` when the connection ends."""
        while True:
            if len(self._data) >= 9:
                frame, size = Frame.parse_frame_header(memoryview(self._data)[:9])
                if len(self._data) >= 9 + size:
                    frame.parse_body(memoryview(self._data)[9 : 9 + size])
                    self._data = self._data[9 + size :]
                    if isinstance(frame, HeadersFrame):
                        self._heads[frame] = self._decoder.decode(frame.data)
                    return frame
            async with asyncio.timeout(PATIENCE):
                try:
                    data = await self.client.reader.read(65_536)
                except ConnectionError:
                    data = b""
            if not data:
                return None
            self._data += data

    async def until(self, kind: type[Kind]) -> Kind:
        """Return the next frame of this kind."""
        while (frame := await self.frame()) is not None:
            if isinstance(frame, kind):
                return frame
        raise AssertionError(f"the connection ended without a {kind.__name__}")

    async def status(self, stream: int | None = None) -> int:
        """Return the status of the next response; 0 if its stream is reset."""
        while (frame := await self.frame()) is not None:
            if isinstance(frame, HeadersFrame):
                fields = self.fields(frame)
                if stream in (None, frame.stream_id):
                    return int(fields[":status"])
            if isinstance(frame, RstStreamFrame) and stream in (None, frame.stream_id):
                return 0
        raise AssertionError("the connection ended without a response")

    def fields(self, frame: HeadersFrame) -> dict[str, str]:
        """Return the fields of a head."""
        return {str(name): str(value) for name, value in self._heads[frame]}

    async def end(self) -> int | None:
        """Wait for the end of the connection; return the code of its GOAWAY, if there is one."""
        code = None
        while (frame := await self.frame()) is not None:
            if isinstance(frame, GoAwayFrame):
                code = frame.error_code
        return code

    async def is_alive(self) -> bool:
        """Whether the connection answers a PING."""
        await self.send(PingFrame(0, b"12345678"))
        while (frame := await self.frame()) is not None:
            if isinstance(frame, PingFrame) and frame.opaque_data == b"12345678":
                return True
        return False


def headers(stream: int, block: bytes, flags: Iterable[str] = ()) -> bytes:
    """Return HEADERS and as many CONTINUATION as a block needs."""
    pieces = [block[at : at + _PIECE] for at in range(0, len(block), _PIECE)] or [b""]
    frames: list[Frame] = [HeadersFrame(stream, pieces[0], flags=list(flags))]
    frames += [ContinuationFrame(stream, piece) for piece in pieces[1:]]
    frames[-1].flags.add("END_HEADERS")
    return b"".join(frame.serialize() for frame in frames)


def data(stream: int, content: bytes = b"", *, end: bool = False) -> DataFrame:
    """Return a DATA frame."""
    return DataFrame(stream, content, flags=["END_STREAM"] if end else [])


def window(stream: int, increment: int) -> bytes:
    """Return a WINDOW_UPDATE, also one that hyperframe would not make."""
    return b"\0\0\4\x08\0" + struct.pack("!II", stream, increment)


def odd(kind: int, stream: int = 0, payload: bytes = b"", flags: int = 0) -> bytes:
    """Return a frame of any kind."""
    return (
        len(payload).to_bytes(3, "big") + bytes((kind, flags)) + struct.pack("!I", stream) + payload
    )
