"""Read a configuration in a fresh process: for a reload, and for who asks over the network.

It is started and not forked: by then the supervisor may have threads. The grammar and the
adapter never enter the supervisor.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from snake.caddyfile.errors import CaddyfileWarning
    from snake.engine.loaded import Loaded
    from snake.engine.reader import Answer

_BOOT = """\
import os, sys
sys.path.append(sys.argv[1])
from snake.fork.system import die_with_parent, name_process
die_with_parent()
name_process("snake-reader")
answer = os.dup(1)
os.dup2(2, 1)
from snake.engine import reader
reader.serve(getattr(reader, sys.argv[2]), 0, answer)
"""
_ROOT = str(Path(__file__).parents[2])


class Source(NamedTuple):
    """A configuration that can be read again."""

    file: str
    adapter: str | None

    @classmethod
    def of(cls, config: str | None, adapter: str | None) -> Source | None:
        """Return what `--config` and `--adapter` name; `None` for stdin, which is read but once."""
        return None if config == "-" else cls(config or "Caddyfile", adapter)

    async def look(self) -> Answer:
        """Return what reading it comes to, and log nothing."""
        import msgspec  # noqa: PLC0415  (no start of a server has to wait for it)

        return await _answer("prepare", msgspec.json.encode(self))


async def adapt(body: bytes, name: str) -> tuple[Loaded, list[CaddyfileWarning]]:
    """Adapt the text of a Caddyfile; `name` is what its errors call it. Raises `SnakeError`."""
    from snake.engine.reader import opened  # noqa: PLC0415  (as above)

    answer = await _answer("adapter", name.encode() + b"\0" + body)
    answer.tell()
    answer = opened(answer)
    return answer.loaded, answer.warnings


async def _answer(job: str, request: bytes) -> Answer:
    """Have a process of its own do a job of `reader`."""
    # No start of a server has to wait for these.
    import asyncio  # noqa: PLC0415
    from asyncio.subprocess import PIPE  # noqa: PLC0415
    from contextlib import suppress  # noqa: PLC0415

    import msgspec  # noqa: PLC0415

    from snake.engine.reader import Answer, BrokenError  # noqa: PLC0415

    # A session of its own: Ctrl-C in a terminal is the supervisor's to answer.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", _BOOT, _ROOT, job, stdin=PIPE, stdout=PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        answer, _ = await process.communicate(request)
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        raise
    if not answer:
        raise BrokenError("the configuration's reader died")
    return msgspec.json.decode(answer, type=Answer)
