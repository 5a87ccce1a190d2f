"""Serve a document in this process and its children, for the commands that do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from snake.cli.early import Early
from snake.config.document import Document
from snake.core.errors import StartError
from snake.engine.again import Source
from snake.engine.herald import Herald, Ready
from snake.engine.loaded import Loaded
from snake.engine.reader import Reader, prepare


def reader() -> Reader:
    """Return the process that reads configurations: the one that was forked early, or a new one."""
    early: Early | None = click.get_current_context().obj
    return early.reader if early and early.reader else Reader(prepare)


def serve(
    load: Callable[[], Loaded],
    pidfile: str | None = None,
    source: Source | None = None,
    watched: Source | None = None,
    ready: Ready | None = None,
) -> int:
    """Load a document and serve it until a signal; return the exit code.

    The process that workers come from was forked before anything else
    (`snake.cli.early`), and imports what they need while the configuration is
    read. Where it was not, because its environment was not known yet, it is
    started now. `source` is what SIGUSR1 has read again, and `watched` what is read again
    whenever its files change. `ready` is told where it listens, once all of it serves.
    """
    early: Early | None = click.get_current_context().obj
    if early is None:
        from snake.engine.inherited import keep_from_others  # noqa: PLC0415  (seldom needed)
        from snake.fork.system import keep_capabilities, raise_file_limit  # noqa: PLC0415

        raise_file_limit()
        keep_from_others()
        keep_capabilities()
    # While the zygote and the reader are at work:
    import asyncio  # noqa: PLC0415

    from snake.engine.spawner import Started  # noqa: PLC0415
    from snake.engine.supervisor import Terms, supervise  # noqa: PLC0415
    from snake.logs.app import default_logs  # noqa: PLC0415

    default_logs().install()
    loaded = load()
    with _pidfile(pidfile), loaded.placing():
        zygote = Started(*early.zygote) if early else None
        terms = Terms(source, watched, _herald(loaded.document), ready)
        return asyncio.run(supervise(loaded, zygote, terms))


def _herald(document: Document) -> Herald | None:
    """Return who tells of the start, if somebody looks at it."""
    if not sys.stderr.isatty():
        return None
    from snake.cli.glance import Glance  # noqa: PLC0415  (a service never needs it)

    return Glance.where_seen(document)


@contextmanager
def _pidfile(path: str | None) -> Iterator[None]:
    if path is None:
        yield
        return
    file = Path(path)
    own = f"{os.getpid()}\n"
    before = _text(file)
    try:
        file.write_text(own)
    except OSError as error:
        raise StartError(f"cannot write the pidfile {path}: {error.strerror}") from None
    try:
        yield
    finally:
        # Another server may have written into it since, and one of before may run on.
        if _text(file) == own:
            if _runs(before):
                file.write_text(before)
            else:
                file.unlink(missing_ok=True)


def _text(file: Path) -> str:
    """Return what a pidfile says; nothing if it is no file, as /dev/stdout is none."""
    try:
        return file.read_text("utf-8", "replace") if file.is_file() else ""
    except OSError:
        return ""


def _runs(pid: str) -> bool:
    """Tell whether there is a process of this number."""
    if not pid.strip().isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
