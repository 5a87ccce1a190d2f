"""The stores of NSS: Firefox has one for each profile, and Chromium one for each user on Linux.

Source: certutil(1) of NSS.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from snake.core.record import Record
from snake.pki.trust.file import as_file
from snake.pki.trust.root import Root
from snake.pki.trust.tool import Rights, TrustError, find, run

_DATABASES = (
    ".pki/nssdb",
    ".local/share/pki/nssdb",
    "snap/chromium/current/.pki/nssdb",
    "snap/chromium/current/.local/share/pki/nssdb",
)
_PROFILES = (
    ".mozilla/firefox/*",
    ".config/mozilla/firefox/*",
    "snap/firefox/common/.mozilla/firefox/*",
    ".var/app/org.mozilla.firefox/.mozilla/firefox/*",
    "Library/Application Support/Firefox/Profiles/*",
)
"""Where they are in a user's folder: of the distributions, of Snap, of Flatpak, of macOS."""

_PACKAGE = "install libnss3-tools (Debian), nss-tools (Fedora), nss (Arch, Homebrew)"


def adding(tool: str, database: str, root: Root, file: str) -> tuple[str, ...]:
    """Return the command that has a database trust a root for servers."""
    return (tool, "-A", "-d", database, "-t", "C,,", "-n", root.name, "-i", file)


def showing(tool: str, database: str, root: Root) -> tuple[str, ...]:
    """Return the command that prints what has the root's name."""
    return (tool, "-L", "-d", database, "-n", root.name, "-a")


def deleting(tool: str, database: str, root: Root) -> tuple[str, ...]:
    """Return the command that removes what has the root's name."""
    return (tool, "-D", "-d", database, "-n", root.name)


class NSS(Record):
    """All databases of one user."""

    home: str
    """The user's folder; empty where there is none."""
    name: str = "NSS (Firefox, Chromium)"

    def missing(self) -> str:
        """Return why there is nothing to be done."""
        if sys.platform == "win32":
            return "on Windows, browsers have the roots of the system"
        if not any(self.databases()):
            return "neither Firefox nor Chromium has a profile of this user"
        return "" if find("certutil") else f"there is no program certutil: {_PACKAGE}"

    def databases(self) -> Iterator[str]:
        """Yield each database, as `certutil` wants it."""
        home = Path(self.home)
        folders = [home / name for name in _DATABASES] if self.home else []
        for pattern in _PROFILES if self.home else ():
            folders += sorted(home.glob(pattern))
        for folder in folders:
            if (folder / "cert9.db").is_file():
                yield f"sql:{folder}"
            elif (folder / "cert8.db").is_file():
                yield f"dbm:{folder}"

    def has(self, root: Root) -> bool:
        """Return whether each of them has it."""
        return all(self._has(database, root) for database in self.databases())

    def add(self, root: Root, rights: Rights) -> str:
        """Add it to each that has it not. Raises `TrustError` if one fails, after the others."""
        del rights
        with as_file(root) as file:
            wanting = [each for each in self.databases() if not self._has(each, root)]
            return _each(wanting, lambda tool, each: adding(tool, each, root, file))

    def remove(self, root: Root, rights: Rights) -> str:
        """Remove it from each that has it. Raises `TrustError` if one fails, after the others."""
        del rights
        having = [each for each in self.databases() if self._has(each, root)]
        return _each(having, lambda tool, each: deleting(tool, each, root))

    def _has(self, database: str, root: Root) -> bool:
        try:
            said = run(showing(find("certutil") or "certutil", database, root))
        except TrustError:  # it has nothing of that name
            return False
        return root.is_in(said.encode())


def _each(databases: list[str], command: Callable[[str, str], Sequence[str]]) -> str:
    """Run the command of each database; return the folders of those databases."""
    tool = find("certutil") or "certutil"
    failures = []
    for database in databases:
        try:
            run(command(tool, database))
        except TrustError as error:
            failures.append(f"{database}: {error}")
    if failures:
        raise TrustError("; ".join(failures))
    return ", ".join(database.partition(":")[2] for database in databases)


def of_user() -> NSS:
    """Return the store of this process's user."""
    return NSS(os.environ.get("HOME", ""))
