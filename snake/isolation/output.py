"""Output: what an isolated app prints, passed on.

It prints into a pipe and not to the server's own streams: on a terminal it could read what is
typed, and a log file it could empty. A control character, which could move a terminal's
cursor or forge a line, is passed on as an escape.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import IO

_LONGEST = 16_384
"""Bytes of a line that is passed on in one piece."""
_RATE = 1024**2
"""Bytes a second that are passed on; an app that prints more waits."""
_PLAIN = {ord("\t"), ord("\n")}
_ESCAPES = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code not in _PLAIN
} | {0x2028: "\\u2028", 0x2029: "\\u2029"}

_relays: set[asyncio.Task[None]] = set()


def readable(data: bytes) -> str:
    """Return output as text without anything that a terminal obeys."""
    return data.decode(errors="backslashreplace").replace("\r\n", "\n").translate(_ESCAPES)


@asynccontextmanager
async def reading(file: IO[bytes]) -> AsyncIterator[asyncio.StreamReader]:
    """Read a pipe on the loop, which closes it at the end."""
    stream = asyncio.StreamReader(_LONGEST)
    protocol = asyncio.StreamReaderProtocol(stream)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, file)
    try:
        yield stream
    finally:
        transport.close()


def relay(file: IO[bytes]) -> None:
    """Pass on, from now until its end, what comes on a pipe; it is closed then."""
    task = asyncio.create_task(_relay(file))
    _relays.add(task)
    task.add_done_callback(_relays.discard)


async def _relay(file: IO[bytes]) -> None:
    async with reading(file) as stream:
        await _copy(stream)


async def _copy(stream: asyncio.StreamReader) -> None:
    budget, since = _RATE, monotonic()
    while True:
        if budget <= 0:
            await asyncio.sleep(max(0.0, since + 1 - monotonic()))
            budget, since = _RATE, monotonic()
        try:
            line = await stream.readuntil()
        except asyncio.IncompleteReadError as end:
            line = end.partial + b"\n" if end.partial else b""
        except asyncio.LimitOverrunError as long:
            line = await stream.readexactly(long.consumed or _LONGEST)
        except OSError:
            return
        if not line:
            return
        budget -= len(line)
        _say(readable(line))


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError, io.UnsupportedOperation):
        sys.stderr.write(text)
        sys.stderr.flush()
