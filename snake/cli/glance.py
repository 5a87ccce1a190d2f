"""Glance: what a person at a terminal wants to know of a server that starts.

It stands in place of the records that say the same to programs.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from time import monotonic
from typing import Self

from snake import __version__
from snake.config.document import Document
from snake.engine.overview import AppView

MOST = 8
"""Addresses, and apps, that are told one by one."""
_BETWEEN = 0.2
"""Seconds between two looks at the clock while apps start, and before the first."""
_LEAST = 40
"""Columns below which nothing is made to fit."""
_CLEAR = "\x1b[K"
_BOLD, _DIM, _GREEN, _END = "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[0m"


class Glance:
    """A herald that writes to stderr, which is a terminal."""

    def __init__(self) -> None:
        self._progress: asyncio.Task[None] | None = None

    @classmethod
    def where_seen(cls, document: Document) -> Self | None:
        """Return one if a person reads the log; `None` if a program or a file gets it."""
        if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            return None
        default = document.logging.logs.get("default") if document.logging else None
        is_moved = default is not None and (default.writer is not None or default.encoder)
        return None if is_moved else cls()

    def starting(self, apps: Sequence[str]) -> None:
        """Show which apps are waited for, and for how long."""
        self._progress = asyncio.get_running_loop().create_task(_count(apps))

    def serving(self, listening: Sequence[str], apps: Sequence[AppView], workers: int) -> None:
        """Show what is there now."""
        self.close()
        colors = not os.environ.get("NO_COLOR")
        _write(glance(listening, apps, workers, width=_columns(), colors=colors))

    def close(self) -> None:
        """Show no more that something is waited for."""
        if self._progress is not None:
            self._progress.cancel()
            self._progress = None
            _write(_CLEAR)


async def _count(apps: Sequence[str]) -> None:
    """Tell again and again what is waited for.

    The cursor stays at the begin of the line: a record of the log, or what an app prints, takes its
    place.
    """
    began = monotonic()
    names = ", ".join(dict.fromkeys(apps)) or "the workers"
    while True:
        await asyncio.sleep(_BETWEEN)
        spent = f" {monotonic() - began:.1f} s"
        room = _columns() - len("starting ") - len(spent) - 1
        shown = names if len(names) <= room else f"{names[: max(room - 3, 0)]}..."
        _write(f"starting {shown}{spent}{_CLEAR}\r")


def glance(
    listening: Sequence[str],
    apps: Sequence[AppView],
    workers: int,
    *,
    width: int = 80,
    colors: bool = False,
) -> str:
    """Return the text: where it listens, and each app with where it runs, and on what."""
    lines = [_headline(listening, workers if not apps else 0), ""]
    lines += [f"  {_colored(each, _GREEN, on=colors)}" for each in listening[:MOST]]
    if len(listening) > MOST:
        lines.append(f"  and {len(listening) - MOST} more addresses")
    if apps:
        lines.append("")
    for app in apps[:MOST]:
        lines += _app(app, width, colors=colors)
    if len(apps) > MOST:
        lines.append(f"  and {len(apps) - MOST} more apps")
    stop = _colored("Ctrl-C stops it.", _DIM, on=colors)
    return "\n".join([*lines, "", stop, ""])


def _headline(listening: Sequence[str], workers: int) -> str:
    what = "serves" if listening else "runs, and has no site to serve"
    more = f" with {workers} worker{'s' if workers != 1 else ''}" if workers else ""
    return f"snake {__version__} {what}{more}"


def _app(app: AppView, width: int, *, colors: bool) -> Iterator[str]:
    yield f"  {_colored(app.name, _BOLD, on=colors)}"
    kind = "process" if app.pooled else "worker"
    count = f"{app.processes} {kind}{'' if app.processes == 1 else 'es' if app.pooled else 's'}"
    facts = [f"{count} of its own" if app.pooled else count]
    facts += [f"Python {app.python}"] if app.python else []
    facts += [f"venv {_short(app.venv)}"] if app.venv else []
    facts += [f"in {_short(app.working_dir)}"] if app.working_dir else []
    told = [", ".join(facts)]
    if app.pooled:
        told.append(f"because: {app.reason}")
    for text in told:
        for line in wrap(text, max(width, _LEAST) - 5, break_long_words=False):
            yield f"    {_colored(line, _DIM, on=colors)}"


def _short(path: str) -> str:
    """Return a path as a person would write it here."""
    for base, sign in ((Path.cwd(), ""), (Path.home(), "~/")):
        if Path(path).is_relative_to(base) and Path(path) != base:
            return f"{sign}{Path(path).relative_to(base)}"
    return path


def _colored(text: str, color: str, *, on: bool) -> str:
    return f"{color}{text}{_END}" if on else text


def _columns() -> int:
    return get_terminal_size().columns


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
