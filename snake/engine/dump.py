"""Dump: where a process hangs that cannot tell itself, because C code lets no Python run in it.

A regular expression that takes for ever is the common case. Python's `faulthandler` answers
SIGURG (which does nothing where nobody asked for it) from any state, into a file in memory that
this process shares. What is in it is believed as little as anything that an app may have written.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

from snake.app.stack import is_ours

_PATIENCE, _LOOKS = 0.05, 10
_LONGEST = 65_536
_MOST_LINES = 40


class Dump:
    """The file of one process. `file` is -1 where there is no such thing."""

    def __init__(self, pid: int) -> None:
        """Make it. `pid` is 0 for a process that cannot be reached."""
        self._pid = pid
        self.file = -1
        if pid and hasattr(os, "memfd_create") and hasattr(signal, "SIGURG"):
            with suppress(OSError):
                self.file = os.memfd_create("snake-dump")

    async def stack(self) -> str:
        """Ask where the process is; return the frames of its app, nothing if there are none."""
        return _of_the_app(await self.threads())

    async def threads(self) -> str:
        """Ask where all threads of the process are; nothing if that cannot be known."""
        if self.file < 0:
            return ""
        with suppress(OSError):
            os.ftruncate(self.file, 0)
            os.lseek(self.file, 0, os.SEEK_SET)  # its end and ours have one position
            os.kill(self._pid, signal.SIGURG)
        text = ""
        for _ in range(_LOOKS):
            await asyncio.sleep(_PATIENCE)
            before, text = text, os.pread(self.file, _LONGEST, 0).decode("utf-8", "replace")
            if text and text == before:
                break
        return text

    def close(self) -> None:
        """Forget it."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


def _of_the_app(text: str) -> str:
    """Return the stack of the first thread that is in the app's code, as a traceback has it.

    The thread that had the signal comes last: it is the main one mostly, whose loop it is.
    """
    for block in reversed(text.split("\n\n")):
        lines = [line for line in block.splitlines() if line.startswith('  File "')]
        frames = lines[::-1]
        while frames and is_ours(frames[0].split('"')[1]):
            frames.pop(0)
        if frames:
            return "\n".join(frames[-_MOST_LINES:])
    return ""
