"""Process: `isolation process { … }`: a user, limits and a sandbox of its own."""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec

from snake.caddyfile.fields import Fields, Read, flag, number, one_of, text
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.config.struct import Config
from snake.core.errors import ConfigError
from snake.core.units import SECOND, UnitError, duration, size

LEAST_MEMORY = 64 * 1024**2
"""Bytes without which an interpreter does not even start."""
LEAST_FILES = 32
LEAST_PROCESSES = 4
OWNER = "owner"
"""The user that stands for the one whom the app's folder belongs to."""
_SWITCH = ("", "on", "off")


class Process(Config):
    """What a process of the app may do. A field that is empty says nothing."""

    user: str = ""
    """Name or number, or `OWNER`."""
    group: str = ""
    memory: str = ""
    """Size of the address space of each process (RLIMIT_AS)."""
    cpu: str = ""
    """Duration: CPU time of each process (RLIMIT_CPU)."""
    files: int = 0
    """Open files of each process (RLIMIT_NOFILE)."""
    processes: int = 0
    """Processes and threads of the user (RLIMIT_NPROC)."""
    bubblewrap: str = ""
    """`on`, `off`, or empty: if it is installed and may be used."""
    network: str = ""
    """`on` (the default) or `off`."""
    read_only: bool = False
    """Whether the app may not write to its own folder either."""
    read: tuple[str, ...] = ()
    """Further folders and files that it may read."""
    write: tuple[str, ...] = ()
    """Further folders and files that it may read and write."""
    tmp: str = ""
    """Size of its own /tmp."""

    @property
    def needs_bubblewrap(self) -> str:
        """The first setting that only a sandbox can honour; nothing if there is none."""
        asked = {
            "bubblewrap on": self.bubblewrap == "on",
            "network off": self.network == "off",
            "read_only": self.read_only,
            "read": self.read,
            "write": self.write,
            "tmp": self.tmp,
        }
        return next((name for name, is_asked in asked.items() if is_asked), "")


def read_process(block: Segment) -> Process:
    """Read the block of `isolation process`."""
    fields = Fields()
    fields.read(
        block,
        {
            "user": ("user", text),
            "group": ("group", text),
            "memory": ("memory", _checked("memory")),
            "cpu": ("cpu", _checked("cpu")),
            "files": ("files", number),
            "processes": ("processes", number),
            "bubblewrap": ("bubblewrap", one_of("on", "off")),
            "network": ("network", one_of("on", "off")),
            "read_only": ("read_only", flag),
            "tmp": ("tmp", _checked("tmp")),
        },
        {
            "read": lambda words: fields.extend("read", _paths(words)),
            "write": lambda words: fields.extend("write", _paths(words)),
        },
    )
    return msgspec.convert(fields.values, Process)


def check_process(process: Process) -> None:
    """Check every value. Raises `ConfigError` with the name of its field."""
    _check_each(process)
    if process.bubblewrap == "off" and (asked := process.needs_bubblewrap):
        raise ConfigError(f"{asked} is what bubblewrap does, and it is off", "bubblewrap")
    if process.user in ("root", "0"):
        raise ConfigError("user root is no isolation: name another user", "user")
    if process.group and not process.user:
        raise ConfigError("group takes a user beside it", "group")


def _check_each(process: Process) -> None:
    for name in ("memory", "tmp", "cpu"):
        amount(name, getattr(process, name))
    for name, least in (("files", LEAST_FILES), ("processes", LEAST_PROCESSES)):
        count = getattr(process, name)
        if count and not least <= count < 2**31:
            raise ConfigError(f"{name} must be at least {least}, got {count}", name)
    for name in ("bubblewrap", "network"):
        if getattr(process, name) not in _SWITCH:
            raise ConfigError(f'{name} must be on or off, got "{getattr(process, name)}"', name)
    for name in ("read", "write"):
        for path in getattr(process, name):
            if fault := _path_fault(path):
                raise ConfigError(fault, name)


def amount(name: str, written: str) -> int | None:
    """Read `memory` or `tmp` in bytes, `cpu` in seconds; `None` for nothing.

    Raises `ConfigError`.
    """
    if not written:
        return None
    try:
        if name == "cpu":
            value, least = -(-duration(written) // SECOND), 1
        else:
            value, least = size(written), LEAST_MEMORY if name == "memory" else 1
    except UnitError as error:
        raise ConfigError(f"{name}: {error}", name) from None
    if value < least:
        small = "1s" if name == "cpu" else f"{least // 1024**2}MiB" if least > 1 else "1B"
        raise ConfigError(f'{name} must be at least {small}, got "{written}"', name)
    if value >= 2**62:
        raise ConfigError(f'{name}: "{written}" is too large', name)
    return value


def _checked(name: str) -> Read:
    def read(words: Words) -> str:
        word = words.take()
        try:
            amount(name, word.text)
        except ConfigError as error:
            word.fail(error.message)
        return word.text

    return read


def _paths(words: Words) -> list[str]:
    given = words.some("a path or more")
    for word in given:
        if fault := _path_fault(word.text):
            word.fail(fault)
    return [word.text for word in given]


def _path_fault(path: str) -> str:
    pure = PurePosixPath(path)
    if "\0" in path or not pure.is_absolute() or ".." in pure.parts:
        return f'"{path}" must be an absolute path without ".."'
    if len(pure.parts) == 1:
        return "/ is the whole system: name the folders that the app needs"
    return ""
