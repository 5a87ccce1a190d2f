"""br: Brotli, a fifth smaller than gzip for text, for those who have the time.

Syntax, inside `encode`::

    br [<quality>]

Qualities go from 1 (fast) to 11 (small, and far too slow for what is not kept); 4 is the default.
Caddy needs a plugin for it, and so only an `encode` that names it offers it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.core.modules import Context
from snake.core.numbers import integer
from snake.encoders.contract import Encoder, EncoderModule

DEFAULT_QUALITY = 4
HIGHEST_QUALITY = 11
_INLINE = ((4, 65_536), (6, 16_384), (9, 2048), (HIGHEST_QUALITY, 0))
"""Qualities, and how many bytes are encoded in some 2 ms at them."""
WINDOW_BITS = 18
"""The window is 256 KiB: what a client has to keep in memory for each response."""


class Brotli(EncoderModule):
    """The JSON of `http.encoders.br`, as Caddy's plugins for it have it."""

    id = "http.encoders.br"

    quality: int = 0

    async def provision(self, ctx: Context) -> Encoder:
        """Return the encoder."""
        if not 0 <= self.quality <= HIGHEST_QUALITY:
            raise ctx.at("quality").fail(f"quality {self.quality} is not one of 1 to 11")
        return _Brotli(self.quality or DEFAULT_QUALITY)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Brotli:
        """Read a `br` line."""
        del guests
        words = Words(line)
        quality = words.read(words.take(), integer) if words.has_arguments else 0
        words.none()
        return cls(quality=quality)


class _Brotli:
    coding = "br"

    def __init__(self, quality: int) -> None:
        # Only what runs needs the library.
        import brotli  # noqa: PLC0415

        self.inline = next(size for best, size in _INLINE if quality <= best)
        settings = {"quality": quality, "lgwin": WINDOW_BITS}
        self.whole = partial(brotli.compress, **settings)
        self._begin = partial(brotli.Compressor, **settings)

    def stream(self) -> _Stream:
        return _Stream(self._begin())


class _Stream:
    __slots__ = ("_compressor",)

    def __init__(self, compressor: Any) -> None:  # noqa: ANN401  # Brotli has no types
        self._compressor = compressor

    def write(self, data: bytes, *, flush: bool) -> bytes:
        encoded: bytes = self._compressor.process(data)
        return encoded + self._compressor.flush() if flush else encoded

    def end(self) -> bytes:
        rest: bytes = self._compressor.finish()
        return rest
