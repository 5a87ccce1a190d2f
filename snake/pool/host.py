"""The host of a pool: what its processes are forked from, in the interpreter of the app.

It is started with `python -S`: nothing of a venv runs before `main` lets it. With
`preload` it has imported the app, whose memory the forks then share.
"""

from __future__ import annotations

import gc
import os
import site
import socket
import sys
import time
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from snake.app import caddysnake
from snake.app.load import load_app
from snake.core.errors import StartError
from snake.fork.channel import Hello, Inbox, Prepare, send
from snake.fork.system import die_with_parent, name_process
from snake.fork.zygote import Zygote, be_quiet
from snake.pool import process
from snake.pool.broken import broken
from snake.pool.settings import Settings, decode


def main(fd: int) -> None:
    """Be the host, as a program of its own."""
    be_quiet()
    run(socket.socket(fileno=fd))


def run(supervisor: socket.socket) -> None:
    """Be the host; in each fork of it, a process of the pool."""
    die_with_parent()
    name_process("snake-pool")
    try:
        send(supervisor, Hello(".".join(map(str, sys.version_info[:3]))))
    except ConnectionError:
        return
    message = Inbox(supervisor).receive()
    if not isinstance(message, Prepare):
        return
    settings = decode(message.settings)
    # A fork of the base writes to as little of their memory as it can: its own forks prepare.
    is_late = settings.environment is not None and not settings.preload
    app = None if is_late else _prepare(settings)
    gc.freeze()
    try:
        channel = Zygote(supervisor).serve()
    except ConnectionError:  # the supervisor went away while it was told something
        return
    if channel is not None:
        app = _prepare(settings) if is_late else app
        sys.exit(process.main(channel, settings, app))


def _prepare(settings: Settings) -> Any:  # noqa: ANN401
    """Make this process the app's; return the app if it is to be loaded, or why it cannot be."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        if settings.broken:
            return broken(settings.broken)
        if settings.environment is not None:
            _become(settings.environment, settings.venv)
        os.chdir(settings.working_dir)
        site.main()
        before = sys.path.copy()
        for folder in settings.packages:
            site.addsitedir(folder)
        added = [path for path in sys.path if path not in before]
        sys.path[:] = [settings.working_dir, *added, *(path for path in before if path)]
        # Not `invalidate_caches`: that imports importlib.metadata, zipfile and more.
        sys.path_importer_cache.clear()
        caddysnake.install()
        _make_room()
        return load_app(settings.terms.name) if settings.preload else None
    except StartError as error:
        return error
    except OSError as error:
        return StartError(
            f'cannot enter the working_dir "{settings.working_dir}": {error.strerror}'
        )
    except BaseException as error:  # noqa: BLE001  (a .pth file of the venv can raise anything)
        return StartError(f"the environment of the app cannot be entered: {error!r}")


def _become(environment: dict[str, str], venv: str) -> None:
    """Be, as a fork of the base, what a program with these variables would be.

    `venv` is the folder of the venv whose interpreter it is, if it is one.
    """
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if venv:
        sys.executable = str(Path(venv) / "bin" / Path(sys.executable).name)
        if not Path(sys.executable).exists():
            sys.executable = str(Path(venv) / "bin" / "python3")
        # `site` finds the venv by its interpreter; since 3.14 it expects to find it set as well.
        sys.prefix = sys.exec_prefix = venv


def _make_room() -> None:
    """Forget that snake is here if the app has another module of this name.

    What is needed of snake is imported, and has what it needs.
    """
    found = PathFinder.find_spec("snake", sys.path)
    if found is None or found.origin is None or _is_a_snake(Path(found.origin).parent):
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "snake"]:
        del sys.modules[name]


def _is_a_snake(folder: Path) -> bool:
    return (folder / "pool" / Path(__file__).name).is_file()
