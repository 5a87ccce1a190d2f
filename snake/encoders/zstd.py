"""zstd: as small as gzip or smaller, in a fraction of the time.

Syntax, inside `encode`::

    zstd [<level>] {
        level <level>
        disable_checksum
    }

Levels are `fastest`, `default`, `better` and `best`, in any case.
"""

from __future__ import annotations

from functools import partial
from threading import local
from typing import Any

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment, Token
from snake.caddyfile.words import subdirectives
from snake.core.modules import Context
from snake.core.suggest import suggestion
from snake.encoders.contract import Encoder, EncoderModule, Stream

LEVELS = {"fastest": 1, "default": 3, "better": 7, "best": 11}
"""Caddy's names (https://pkg.go.dev/github.com/klauspost/compress/zstd) as levels of libzstd."""

WINDOW_LOG = 17
"""The window is 128 KiB, as Caddy's: what a client has to keep in memory for each response."""


class Zstd(EncoderModule):
    """The JSON of `http.encoders.zstd`."""

    id = "http.encoders.zstd"

    level: str = ""
    checksum: bool | None = None

    async def provision(self, ctx: Context) -> Encoder:
        """Return the encoder."""
        level = self.level or "default"
        if level.lower() not in LEVELS:
            raise ctx.at("level").fail(_unknown(level))
        return _Zstd(LEVELS[level.lower()], checksum=self.checksum is not False)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Zstd:
        """Read a `zstd` line and its block."""
        del guests
        if len(line.args) > 1:
            line.args[1].fail("zstd takes one level")
        level = _known(line.args[0]) if line.args else ""
        checksum: bool | None = None
        for words in subdirectives(line, ("level", "disable_checksum")):
            if words.name == "level":
                word = words.only("one level")
                if level:
                    words.token.fail("compression level already specified")
                level = _known(word)
            else:
                words.none()
                if checksum is not None:
                    words.token.fail("checksum already specified")
                checksum = False
        return cls(level=level, checksum=checksum)


class _Zstd:
    coding = "zstd"

    def __init__(self, level: int, *, checksum: bool) -> None:
        # Only what runs needs the library, which takes a while to load.
        import zstandard  # noqa: PLC0415

        self.inline = 65_536 if level <= LEVELS["default"] else 16_384
        settings = zstandard.ZstdCompressionParameters.from_level(
            level, window_log=WINDOW_LOG, write_checksum=checksum
        )
        self._compressor = partial(zstandard.ZstdCompressor, compression_params=settings)
        self._flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        # A compressor is worth keeping (it is half the time of a small body), but one thread's.
        self._local = local()

    def whole(self, data: bytes) -> bytes:
        compressor = getattr(self._local, "compressor", None)
        if compressor is None:
            compressor = self._local.compressor = self._compressor()
        encoded: bytes = compressor.compress(data)
        return encoded

    def stream(self) -> Stream:
        return _Stream(self._compressor().compressobj(), self._flush)


class _Stream:
    __slots__ = ("_compress", "_flush")

    def __init__(self, compress: Any, flush: int) -> None:  # noqa: ANN401  # zstandard has no types
        self._compress = compress
        self._flush = flush

    def write(self, data: bytes, *, flush: bool) -> bytes:
        encoded: bytes = self._compress.compress(data)
        return encoded + self._compress.flush(self._flush) if flush else encoded

    def end(self) -> bytes:
        rest: bytes = self._compress.flush()
        return rest


def _known(word: Token) -> str:
    if word.text.lower() not in LEVELS:
        word.fail(_unknown(word.text))
    return word.text


def _unknown(level: str) -> str:
    hint = suggestion(level, LEVELS)
    return f'unexpected compression level "{level}", use one of {", ".join(LEVELS)}{hint}'
