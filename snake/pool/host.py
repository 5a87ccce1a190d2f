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
    """Be the host; in each fork of it, a process of the pool."""
    die_with_parent()
    be_quiet()
    name_process("snake-pool")
    supervisor = socket.socket(fileno=fd)
    try:
        send(supervisor, Hello(".".join(map(str, sys.version_info[:3]))))
    except ConnectionError:
        return
    message = Inbox(supervisor).receive()
    if not isinstance(message, Prepare):
        return
    settings = decode(message.settings)
    app = _prepare(settings)
    gc.freeze()
    try:
        channel = Zygote(supervisor).serve()
    except ConnectionError:  # the supervisor went away while it was told something
        return
    if channel is not None:
        sys.exit(process.main(channel, settings, app))


def _prepare(settings: Settings) -> Any:  # noqa: ANN401
    """Make this process the app's; return the app if it is to be loaded, or why it cannot be."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        if settings.broken:
            return broken(settings.broken)
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
