"""gzip: the coding that every client knows.

Syntax, inside `encode`::

    gzip [<level>]

Levels go from 1 (fast) to 9 (small); 5 is the default.
"""

from __future__ import annotations

import zlib

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.core.modules import Context
from snake.core.numbers import integer
from snake.encoders.contract import Encoder, EncoderModule, Stream

DEFAULT_LEVEL = 5
_GZIP = 16
"""Added to the window's bits, it asks zlib for gzip's header and trailer."""


class Gzip(EncoderModule):
    """The JSON of `http.encoders.gzip`."""

    id = "http.encoders.gzip"

    level: int = 0

    async def provision(self, ctx: Context) -> Encoder:
        """Return the encoder."""
        if not 0 <= self.level <= zlib.Z_BEST_COMPRESSION:
            raise ctx.at("level").fail(f"level {self.level} is not one of 1 to 9")
        return _Gzip(self.level or DEFAULT_LEVEL)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Gzip:
        """Read a `gzip` line. What follows the level is passed over, as by Caddy."""
        del guests
        words = Words(line)
        return cls(level=words.read(words.take(), integer) if words.has_arguments else 0)


class _Gzip:
    coding = "gzip"

    def __init__(self, level: int) -> None:
        self._level = level

    def whole(self, data: bytes) -> bytes:
        # zlib clears its tables before it begins, which takes longer than a few kilobytes of
        # text do. A window and tables no larger than the body give the same bytes, three times
        # as fast.
        window = min(max(len(data).bit_length(), 9), zlib.MAX_WBITS)
        memory = min(window - 6, zlib.DEF_MEM_LEVEL)
        compress = zlib.compressobj(self._level, zlib.DEFLATED, _GZIP + window, memory)
        return compress.compress(data) + compress.flush()

    def stream(self) -> Stream:
        return _Stream(self._level)


class _Stream:
    def __init__(self, level: int) -> None:
        self._compress = zlib.compressobj(level, zlib.DEFLATED, _GZIP + zlib.MAX_WBITS)

    def write(self, data: bytes, *, flush: bool) -> bytes:
        encoded = self._compress.compress(data)
        return encoded + self._compress.flush(zlib.Z_SYNC_FLUSH) if flush else encoded

    def end(self) -> bytes:
        return self._compress.flush()
