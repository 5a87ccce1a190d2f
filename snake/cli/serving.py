"""Serve a document in this process and its children, for the commands that do."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from snake.cli.loading import Loading
from snake.config.document import Document
from snake.core.errors import StartError
from snake.engine.processes import raise_file_limit
from snake.engine.spawner import spawn
from snake.logs.app import default_logs


def serve(load: Callable[[], Document], pidfile: str | None = None) -> int:
    """Load a document and serve it until a signal; return the exit code.

    The process that workers come from was forked before anything else
    (`snake.__main__`), and imports what they need while the configuration is
    read. Where it was not, because its environment was not known yet, it is
    started now.
    """
    zygote: socket.socket | None = click.get_current_context().obj
    if zygote is None:
        raise_file_limit()
        zygote = spawn()
    default_logs().install()
    loading = Loading(load)
    # While the zygote and the reader are at work:
    import asyncio  # noqa: PLC0415

    from snake.engine.supervisor import supervise  # noqa: PLC0415

    document = loading.result()
    with _pidfile(pidfile):
        return asyncio.run(supervise(document, zygote))


@contextmanager
def _pidfile(path: str | None) -> Iterator[None]:
    if path is None:
        yield
        return
    file = Path(path)
    try:
        file.write_text(f"{os.getpid()}\n")
    except OSError as error:
        raise StartError(f"cannot write the pidfile {path}: {error.strerror}") from None
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
