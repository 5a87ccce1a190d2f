"""The store of macOS: the keychain of the system.

Source: security(1).
"""

from __future__ import annotations

from snake.core.record import Record
from snake.pki.trust.file import as_file
from snake.pki.trust.root import Root
from snake.pki.trust.tool import Rights, TrustError, find, is_root, run

KEYCHAIN = "/Library/Keychains/System.keychain"


def adding(file: str) -> tuple[str, ...]:
    """Return the command that has all users trust a root, for TLS."""
    purpose = ("-p", "ssl", "-p", "basic")
    return ("security", "add-trusted-cert", "-d", "-r", "trustRoot", *purpose, "-k", KEYCHAIN, file)


def verifying(file: str) -> tuple[str, ...]:
    """Return the command that fails for a root that is not trusted."""
    return ("security", "verify-cert", "-l", "-L", "-q", "-p", "ssl", "-c", file)


def removing(file: str) -> tuple[str, ...]:
    """Return the command that has nobody trust a root any more."""
    return ("security", "remove-trusted-cert", "-d", file)


class MacOS(Record):
    """The keychain."""

    name: str = "macOS"

    def missing(self) -> str:
        """Return why it is not to be had here."""
        return "" if find("security") else "there is no program security"

    def has(self, root: Root) -> bool:
        """Return whether it is trusted."""
        with as_file(root) as file:
            try:
                run(verifying(file))
            except TrustError:
                return False
        return True

    def add(self, root: Root, rights: Rights) -> str:
        """Add it. Raises `TrustError`."""
        with as_file(root) as file:
            run(adding(file), rights=None if is_root() else rights)
        return KEYCHAIN

    def remove(self, root: Root, rights: Rights) -> str:
        """Take the trust away. Raises `TrustError`."""
        if not self.has(root):
            return ""
        with as_file(root) as file:
            run(removing(file), rights=None if is_root() else rights)
        return KEYCHAIN


store = MacOS()
