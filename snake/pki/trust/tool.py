"""Tools: the programs of a system that change its trust stores.

None of them can ask: they have no terminal and no input. Only `sudo` may ask for a password, and
only where somebody has called snake by hand.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

from snake.core.errors import SnakeError
from snake.core.record import Record

_LIMIT = 60.0
"""Seconds that a tool may take. Those of Linux write some hundred files."""
_TOLD = 300
"""Characters of what a tool says that are repeated."""
_SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")
"""Where such tools are, and where a user's PATH may not lead."""


class TrustError(SnakeError):
    """A store that could not be changed, and why."""


class Rights(Record):
    """What may be done to change what only root may change."""

    elevation: tuple[str, ...] | None = None
    """The words in front of a command that give it root's rights; `None` for: not at all."""

    @classmethod
    def of_terminal(cls) -> Rights:
        """Return those of a person who calls snake: with `sudo`, which may ask on a terminal."""
        if is_root() or not shutil.which("sudo"):
            return cls(() if is_root() else None)
        return cls(("sudo", "--") if sys.stdin.isatty() else ("sudo", "-n", "--"))

    @classmethod
    def of_server(cls) -> Rights:
        """Return those of a server: what its user may do, and nothing that may ask."""
        return cls(() if is_root() else None)


def is_root() -> bool:
    """Whether this process may do everything. Elsewhere than on Unix: no."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def find(name: str) -> str | None:
    """Return where a tool is."""
    path = os.environ.get("PATH", os.defpath)
    return shutil.which(name, path=os.pathsep.join((path, *_SYSTEM_FOLDERS)))


def run(
    command: Sequence[str],
    *,
    rights: Rights | None = None,
    given: bytes = b"",
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a tool and return what it says; with `rights`, as root. Raises `TrustError`."""
    if rights is not None and rights.elevation is None:
        raise TrustError("only root may change it: run snake trust, or snake untrust, as root")
    asking = rights is not None and bool(rights.elevation)
    before = rights.elevation or () if rights is not None else ()
    try:
        done = subprocess.run(  # noqa: S603  (the words are ours, the rest are its arguments)
            [*before, *command],
            input=given,
            capture_output=True,
            timeout=None if asking else _LIMIT,
            env=dict(env) if env is not None else None,
            check=False,
            # Without a terminal nobody can ask for a password there.
            start_new_session=not asking,
        )
    except OSError as error:
        raise TrustError(f"cannot run {command[0]}: {(error.strerror or '').lower()}") from None
    except subprocess.TimeoutExpired:
        raise TrustError(f"{command[0]} did not end within {_LIMIT:.0f} s") from None
    said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
    if done.returncode:
        raise TrustError(f"{command[0]} failed ({done.returncode}): {said[-_TOLD:]}")
    return said
