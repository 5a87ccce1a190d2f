"""gzip: the coding that every client knows.

Syntax, inside `encode`::

    gzip [<level>]

Levels go from 1 (fast) to 9 (small); 5 is the default.
"""

from __future__ import annotations

from functools import partial

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.core.modules import Context
from snake.core.numbers import integer
from snake.encoders.contract import Encoder, EncoderModule

DEFAULT_LEVEL = 5
HIGHEST_LEVEL = 9


class Gzip(EncoderModule):
    """The JSON of `http.encoders.gzip`."""

    id = "http.encoders.gzip"

    level: int = 0

    async def provision(self, ctx: Context) -> Encoder:
        """Return the encoder."""
        if not 0 <= self.level <= HIGHEST_LEVEL:
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
        # Only what runs needs the libraries, which take a while to load.
        from snake.encoders.deflate import DeflateStream, whole  # noqa: PLC0415

        self.inline = 65_536 if level <= DEFAULT_LEVEL else 16_384
        self.whole = whole(level)
        self.stream = partial(DeflateStream, level)
