"""Read a configuration again, for a reload: in a fresh process, as `loading` does the first time.

It is started and not forked: by then the supervisor may have threads.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from snake.engine.loaded import Loaded

_BOOT = """\
import os, sys
sys.path.append(sys.argv[1])
from snake.fork.system import die_with_parent, name_process
die_with_parent()
name_process("snake-reader")
answer = os.dup(1)
os.dup2(2, 1)
from snake.cli.loading import prepare, serve
serve(prepare, 0, answer)
"""
_ROOT = str(Path(__file__).parents[2])


class Again(NamedTuple):
    """A configuration that can be read again."""

    file: str
    adapter: str | None

    @classmethod
    def of(cls, config: str | None, adapter: str | None) -> Again | None:
        """Return what `--config` and `--adapter` name; `None` for stdin, which is read but once."""
        return None if config == "-" else cls(config or "Caddyfile", adapter)

    async def read(self) -> Loaded:
        """Return the document that is there now. Raises `SnakeError`."""
        # No start of a server has to wait for these.
        import asyncio  # noqa: PLC0415
        from asyncio.subprocess import PIPE  # noqa: PLC0415
        from contextlib import suppress  # noqa: PLC0415

        import msgspec  # noqa: PLC0415

        from snake.cli.loading import BrokenError, loaded_from  # noqa: PLC0415

        # A session of its own: Ctrl-C in a terminal is the supervisor's to answer.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-c", _BOOT, _ROOT, stdin=PIPE, stdout=PIPE,
            start_new_session=True,
        )  # fmt: skip
        try:
            answer, _ = await process.communicate(msgspec.json.encode(self))
        except BaseException:
            with suppress(ProcessLookupError):
                process.kill()
            raise
        if not answer:
            raise BrokenError("the configuration's reader died")
        return loaded_from(answer)
