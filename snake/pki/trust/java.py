"""The store of a Java runtime: the one in `JAVA_HOME`.

Source: keytool(1).
"""

from __future__ import annotations

import os
from pathlib import Path

from snake.core.record import Record
from snake.pki.trust.file import as_file
from snake.pki.trust.root import Root
from snake.pki.trust.tool import Rights, TrustError, run

_PASSWORD = "changeit"  # noqa: S105  (it is that of every Java, and protects nothing)
_STORES = ("lib/security/cacerts", "jre/lib/security/cacerts")
_NOT_THERE = "does not exist"


def listing(tool: str, store: str) -> tuple[str, ...]:
    """Return the command that prints the fingerprints of a store."""
    return (tool, "-list", *_in(store))


def importing(tool: str, store: str, root: Root, file: str) -> tuple[str, ...]:
    """Return the command that adds a root to a store."""
    return (tool, "-importcert", "-noprompt", *_in(store), "-file", file, "-alias", root.name)


def deleting(tool: str, store: str, root: Root) -> tuple[str, ...]:
    """Return the command that removes a root from a store."""
    return (tool, "-delete", *_in(store), "-alias", root.name)


def _in(store: str) -> tuple[str, ...]:
    return ("-keystore", store, "-storepass", _PASSWORD)


class Java(Record):
    """The store of the runtime in a folder."""

    home: str
    """What `JAVA_HOME` says."""
    name: str = "Java"

    def missing(self) -> str:
        """Return why there is nothing to be done."""
        if not self.home:
            return "JAVA_HOME is not set"
        if not Path(self._tool).is_file():
            return f"there is no keytool in JAVA_HOME, {self.home}"
        return "" if self._store else f"there are no cacerts in JAVA_HOME, {self.home}"

    def has(self, root: Root) -> bool:
        """Return whether it has a certificate with this fingerprint. Raises `TrustError`."""
        said = run(listing(self._tool, self._store)).replace(":", "").upper()
        return root.sha256 in said or root.sha1 in said

    def add(self, root: Root, rights: Rights) -> str:
        """Import it. Raises `TrustError`."""
        with as_file(root) as file:
            self._change(importing(self._tool, self._store, root, file), rights)
        return self._store

    def remove(self, root: Root, rights: Rights) -> str:
        """Delete what has its name. Raises `TrustError`."""
        try:
            self._change(deleting(self._tool, self._store, root), rights)
        except TrustError as error:
            if _NOT_THERE in str(error):
                return ""
            raise
        return self._store

    def _change(self, command: tuple[str, ...], rights: Rights) -> None:
        writable = os.access(self._store, os.W_OK)
        run(command, rights=None if writable else rights)

    @property
    def _tool(self) -> str:
        return str(Path(self.home, "bin", "keytool.exe" if os.name == "nt" else "keytool"))

    @property
    def _store(self) -> str:
        stores = [Path(self.home, name) for name in _STORES]
        return next((str(store) for store in stores if store.is_file()), "")


def of_environment() -> Java:
    """Return the store of the Java that the environment names."""
    return Java(os.environ.get("JAVA_HOME", ""))
