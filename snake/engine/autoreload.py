"""Autoreload: has an app imported anew whenever its files change.

The processes that there are serve on until others are ready, and drain beside those. If the new
code does not start, a page that says why takes their place, until it does.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path

from snake.core.errors import DocumentError, StartError
from snake.engine.bytecode import forget
from snake.engine.watch import Watch
from snake.engine.watched import Watched, editable
from snake.logs.encoders import STACK
from snake.python.fields import PythonFields
from snake.python.interpreter import venv_of

logger = logging.getLogger("snake.python")

GRACE = 10.0
"""Seconds for which requests to the code of before may run where nothing else is said."""
_SHOWN = 3
"""Changed files that the log names."""

Renew = Callable[[], Awaitable[None]]
"""Replaces the processes of the app by new ones. Raises `DocumentError` when they do not start."""
Show = Callable[[str], Awaitable[None]]
"""Replaces them by what says why there are none."""


def watched(fields: PythonFields, cwd: Path) -> Watched:
    """Return what is to be watched of an app. Raises `StartError` for a venv that is none."""
    folder = cwd / fields.working_dir
    venv = venv_of(fields, cwd)
    packages = sorted(venv.glob("lib/python3*/site-packages")) if venv else []
    own = [path for place in packages for path in editable(place) if not _is_inside(path, venv)]
    files = [folder / file for file in fields.env_files]
    return Watched([folder, *own], files, fields.autoreload_ignore)


def _is_inside(path: Path, venv: Path | None) -> bool:
    return venv is not None and path.resolve().is_relative_to(venv.resolve())


async def follow(name: str, watch: Watch, renew: Renew, show: Show) -> None:
    """Renew an app whenever something of it changes, for ever.

    A start that is not over when something changes again is given up: it may never end.
    """
    coming = asyncio.create_task(watch.changes())
    applying: asyncio.Task[None] | None = None
    try:
        while True:
            changed = await coming
            coming = asyncio.create_task(watch.changes())
            applying = asyncio.create_task(_apply(name, changed, renew, show))
            await asyncio.wait([applying, coming], return_when=asyncio.FIRST_COMPLETED)
            await _ended(applying)
    finally:
        coming.cancel()
        if applying is not None:
            await _ended(applying)


async def _ended(task: asyncio.Task[None]) -> None:
    """See a task end, at once."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _apply(name: str, changed: Iterable[str], renew: Renew, show: Show) -> None:
    """Bring what has changed."""
    began = time.monotonic()
    await asyncio.to_thread(forget, changed)
    told: dict[str, object] = {"app": name, "changed": _names(changed)}
    try:
        await renew()
    except DocumentError as error:
        _log_broken(error, told)
        await _show(name, error, show)
    except Exception:
        logger.exception("a bug in snake: cannot reload an app", extra={"fields": told})
    else:
        told["seconds"] = round(time.monotonic() - began, 3)
        logger.info("app reloaded", extra={"fields": told})


async def _show(name: str, why: DocumentError, show: Show) -> None:
    try:
        await show(why.message)
    except StartError as error:
        told = {"app": name, "error": error.message}
        logger.error("the old code goes on: there is no page to show", extra={"fields": told})  # noqa: TRY400


def _log_broken(error: DocumentError, told: dict[str, object]) -> None:
    message, _, trace = error.message.partition("\n")
    fields = {**told, "error": message} | ({STACK: trace.strip("\n")} if trace else {})
    logger.error("app does not start; waiting for the next change", extra={"fields": fields})


def _names(changed: Iterable[str]) -> list[str]:
    here = os.getcwd()  # noqa: PTH109
    names = [os.path.relpath(path, here) for path in changed]
    more = len(names) - _SHOWN
    return [*names[:_SHOWN], f"and {more} more"] if more > 0 else names
