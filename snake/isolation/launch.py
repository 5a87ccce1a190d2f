"""Launch: start the process that runs an app, as far apart from the rest as is asked.

::

    launched = await launch(isolation, Launch((python, "-S", "-c", boot), env, cwd, (3,)))
    await launched.exited
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from snake.core.errors import StartError
from snake.core.record import Record
from snake.python.isolation import Isolation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snake.isolation.control_group import ControlGroup


class Launch(Record):
    """A program to start, and what it is given."""

    argv: tuple[str, ...]
    """The interpreter and its arguments."""
    env: Mapping[str, str]
    """All its variables; with isolation those that it has besides PATH, HOME, LANG and TMPDIR."""
    cwd: str | None = None
    """The app's folder; it may write there. `None` is the server's own."""
    pass_fds: tuple[int, ...] = ()
    """Descriptors that it has under the same numbers."""
    read: tuple[str, ...] = ()
    """Folders that it needs besides its own and the interpreter's, such as a venv."""
    name: str = "app"
    """What the log and the container call it."""


class Launched(Protocol):
    """A program that runs, or ran."""

    pid: int
    """Its process, or the one that keeps it, to be shown; 0 where it is not known."""
    exited: asyncio.Future[int]
    """Its exit code; below 0 the signal that ended it, as in `subprocess`."""

    def kill(self) -> None:
        """End it now, with all that it started, as far as the isolation can tell what that is."""


async def launch(isolation: Isolation | None, launch: Launch) -> Launched:
    """Start a program. Raises `StartError`, and has started nothing then."""
    if isolation is None or isolation.backend == "none":
        return await _plain(launch)
    if sys.platform == "win32":
        raise StartError(f"isolation {isolation.backend} is not available on Windows")
    # What isolates is imported where it is asked for: the server starts faster without.
    if isolation.backend == "docker":
        from snake.isolation.container import launch_container  # noqa: PLC0415

        return await launch_container(isolation.docker, launch)
    from snake.isolation.confined import launch_confined  # noqa: PLC0415

    return await launch_confined(isolation.process, launch)


class Plain:
    """A program that is the supervisor's own child."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        *,
        leads: bool = False,
        group: ControlGroup | None = None,
    ) -> None:
        self.pid = process.pid
        self._group = group
        self.exited: asyncio.Future[int] = asyncio.ensure_future(process.wait())
        self._leads = leads
        if leads:
            self.exited.add_done_callback(self._sweep)
            self.exited.add_done_callback(self._end_group)

    def kill(self) -> None:
        """End it now; if it leads a session, all that has not left its group too."""
        if self.exited.done():
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._sweep()
        if self._group is not None:
            self._group.kill()

    def _end_group(self, _: object) -> None:
        if self._group is not None:
            self._group.end()

    def _sweep(self, _: object = None) -> None:
        """End what it has left in its group; while there is any, the number is no other's."""
        if self._leads:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


async def _plain(launch: Launch) -> Plain:
    try:
        with undisturbed():
            process = await asyncio.create_subprocess_exec(
                *launch.argv,
                stdin=asyncio.subprocess.DEVNULL,
                env=dict(launch.env),
                cwd=launch.cwd,
                pass_fds=launch.pass_fds,
            )
    except OSError as error:
        raise not_started(launch, error) from None
    return Plain(process)


def not_started(launch: Launch, error: OSError) -> StartError:
    """Return the error for a program that the system does not start."""
    what = error.filename or launch.argv[0]
    return StartError(f'cannot start "{launch.argv[0]}": {error.strerror}: {what}')


@contextmanager
def undisturbed() -> Iterator[None]:
    """Have a new process ignore Ctrl-C until it has its own handler: that is the supervisor's."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
