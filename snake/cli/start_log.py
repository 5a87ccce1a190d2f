"""Start log: the file for what a server in the background writes, apps' own output included.

The server writes to a pipe. `snake start` reads that until all serves, and then leaves a process
behind that goes on as long as anybody may write, so that the file can be rolled and no line is
lost by it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from snake.core.errors import SnakeError
from snake.engine.own_socket import mark
from snake.fork.system import name_process
from snake.logs.locks import lock

LARGEST = 16 << 20
"""Bytes of the file before it is rolled; it and the one before it are kept."""
_TOLD = 1 << 20
"""Bytes that are remembered of what a server writes while it starts."""
_PIECE = 1 << 16
_AT_ONCE = 256
"""Pieces that are read at once: who writes without end does not keep us from looking for that."""
_DESCRIPTORS = 256
"""More than a process has open that starts another."""
_MOST = 100
"""Servers of one configuration that have a log at once."""


class LogFile:
    """Appends to a file, which is locked as long as it is open: no other server has it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self._is_whole = True
        """Whether what was written ends with a line."""

    def write(self, data: bytes) -> None:
        """Append; the file is rolled between two lines if it can be. What fails is lost."""
        with suppress(OSError):
            size = os.fstat(self.descriptor).st_size
            if size and size + len(data) > LARGEST:
                end = 0 if self._is_whole else data.find(b"\n") + 1
                _write(self.descriptor, data[:end])
                data = data[end:]
                self._roll()
            _write(self.descriptor, data)
            self._is_whole = data.endswith(b"\n")

    def _roll(self) -> None:
        """Go on in a new file. Raises `OSError`."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        descriptor = _opened(fresh)
        lock(descriptor, exclusive=True, patience=0)
        self.path.replace(old(self.path))
        fresh.replace(self.path)
        os.close(self.descriptor)
        self.descriptor = descriptor

    def close(self) -> None:
        """Let others have it."""
        os.close(self.descriptor)


class StartLog:
    """A log file, and the pipe that a server writes to."""

    def __init__(self, file: LogFile) -> None:
        self._file = file
        self.path = file.path
        self.told = b""
        """What has come until now; the end of it, if it is much."""
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)

    def take(self) -> None:
        """Write to the file all that waits in the pipe."""
        with suppress(BlockingIOError):
            for _ in range(_AT_ONCE):
                data = os.read(self._reader, _PIECE)
                self.told = (self.told + data)[-_TOLD:]
                self._file.write(data)

    def leave(self) -> None:
        """Leave a process behind that goes on until nobody can write any more."""
        if os.fork() == 0:
            try:
                self._keep()
            finally:
                os._exit(0)

    def _keep(self) -> None:
        os.setsid()
        # It ends when there is no more to read: whoever ends all processes has those end first.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        first, second = sorted((self._reader, self._file.descriptor))
        for begin, end in ((3, first), (first + 1, second), (second + 1, _DESCRIPTORS)):
            os.closerange(begin, end)
        os.chdir("/")
        name_process("snake-log")
        os.set_blocking(self._reader, True)
        while data := os.read(self._reader, _PIECE):
            self._file.write(data)

    def close(self) -> None:
        """Have no part in it any more."""
        os.close(self.writer)
        os.close(self._reader)
        self._file.close()


@contextmanager
def start_log(config: str) -> Iterator[StartLog]:
    """Open the log of the server of a configuration. Raises `SnakeError`."""
    log = StartLog(_free(config))
    try:
        yield log
    finally:
        log.close()


def _free(config: str) -> LogFile:
    """Open the first log of a configuration that no server has."""
    path = folder = state_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(1, _MOST):
            more = f"-{number}" if number > 1 else ""
            path = folder / f"start-{mark(config)}{more}.log"
            descriptor = _opened(path)
            if lock(descriptor, exclusive=True, patience=0):
                return LogFile(path, descriptor)
            os.close(descriptor)
    except OSError as error:
        raise SnakeError(
            f"cannot write the log {path}: {error.strerror}; without one, send stdout and stderr "
            "to files: snake start >snake.log 2>&1"
        ) from None
    raise SnakeError(f"there are {_MOST} servers of {config} already, by their logs in {folder}")


def old(path: Path) -> Path:
    """Return where the log before this one is."""
    return path.with_name(f"{path.name}.old")


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def state_folder() -> Path:
    """Return the folder for logs: `$XDG_STATE_HOME/snake`, or `~/.local/state/snake`.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/.
    """
    given = os.environ.get("XDG_STATE_HOME")
    return (Path(given) if given else Path.home() / ".local" / "state") / "snake"
