"""The store of Windows: that of the machine for an administrator, that of the user for others.

Source: https://learn.microsoft.com/windows-server/administration/windows-commands/certutil.
"""

from __future__ import annotations

import sys

from snake.core.record import Record
from snake.pki.trust.file import as_file
from snake.pki.trust.root import Root
from snake.pki.trust.tool import Rights, TrustError, find, run

_STORE = "Root"


def adding(file: str, *, machine: bool) -> tuple[str, ...]:
    """Return the command that adds a root."""
    return ("certutil", *_of(machine=machine), "-f", "-addstore", _STORE, file)


def verifying(root: Root, *, machine: bool) -> tuple[str, ...]:
    """Return the command that fails for a root that is not there."""
    return ("certutil", *_of(machine=machine), "-store", _STORE, root.sha1)


def deleting(root: Root, *, machine: bool) -> tuple[str, ...]:
    """Return the command that removes a root."""
    return ("certutil", *_of(machine=machine), "-delstore", _STORE, root.sha1)


def _of(*, machine: bool) -> tuple[str, ...]:
    return () if machine else ("-user",)


class Windows(Record):
    """The store `Root`."""

    machine: bool
    """Whether that of the machine, which only administrators may change."""
    name: str = "Windows"

    def missing(self) -> str:
        """Return why it is not to be had here."""
        return "" if find("certutil") else "there is no program certutil"

    def has(self, root: Root) -> bool:
        """Return whether it is there."""
        try:
            run(verifying(root, machine=self.machine))
        except TrustError:
            return False
        return True

    def add(self, root: Root, rights: Rights) -> str:
        """Add it. Raises `TrustError`. For a user's store, Windows asks in a window."""
        if not self.machine and rights.elevation is None:
            raise TrustError("Windows would ask in a window: run snake trust")
        with as_file(root) as file:
            run(adding(file, machine=self.machine))
        return self._place

    def remove(self, root: Root, rights: Rights) -> str:
        """Remove it. Raises `TrustError`."""
        del rights
        if not self.has(root):
            return ""
        run(deleting(root, machine=self.machine))
        return self._place

    @property
    def _place(self) -> str:
        return f"{'LocalMachine' if self.machine else 'CurrentUser'}\\{_STORE}"


def of_user() -> Windows:
    """Return the store that this process may change."""
    return Windows(machine=_is_administrator())


def _is_administrator() -> bool:
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  (there is no such library elsewhere)

        return bool(ctypes.windll.shell32.IsUserAnAdmin())
    return False
