"""deflate: gzip bodies, by the library that is fastest at a level.

Levels 1 to 5 are ISA-L's, where there is one: at the default, bodies are 5 % longer than zlib's and
made in a quarter of the time. Higher levels, where length counts more than time, are zlib's, and so
are all levels on machines for which ISA-L is not made.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

try:
    from isal import isal_zlib
except ImportError:  # there is none for this machine
    isal_zlib = None  # type: ignore[assignment]

_GZIP = 16
"""Added to the window's bits, it asks for gzip's header and trailer."""
_LEVELS = {1: 1, 2: 2, 3: 3, 4: 3, 5: 3} if isal_zlib is not None else {}
"""zlib's levels as ISA-L's."""


def whole(level: int) -> Callable[[bytes], bytes]:
    """Return what encodes a whole body at a level, 1 to 9."""
    if level in _LEVELS:
        compress, known = isal_zlib.compress, _LEVELS[level]
        return lambda data: compress(data, known, _GZIP + zlib.MAX_WBITS)

    def by_zlib(data: bytes) -> bytes:
        # zlib clears its tables before it begins, which takes longer than a few kilobytes of
        # text do. A window and tables no larger than the body give the same bytes, three times
        # as fast.
        window = min(max(len(data).bit_length(), 9), zlib.MAX_WBITS)
        memory = min(window - 6, zlib.DEF_MEM_LEVEL)
        compress = zlib.compressobj(level, zlib.DEFLATED, _GZIP + window, memory)
        return compress.compress(data) + compress.flush()

    return by_zlib


class DeflateStream:
    """One body that comes in pieces."""

    __slots__ = ("_compress",)

    def __init__(self, level: int) -> None:
        library: Any = isal_zlib if level in _LEVELS else zlib
        level = _LEVELS.get(level, level)
        self._compress = library.compressobj(level, zlib.DEFLATED, _GZIP + zlib.MAX_WBITS)

    def write(self, data: bytes, *, flush: bool) -> bytes:
        """Return what can be sent after `data`; with `flush`, all of what came in so far."""
        encoded: bytes = self._compress.compress(data)
        return encoded + self._compress.flush(zlib.Z_SYNC_FLUSH) if flush else encoded

    def end(self) -> bytes:
        """Return the rest."""
        rest: bytes = self._compress.flush()
        return rest
