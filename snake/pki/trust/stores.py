"""The stores that there may be on this machine."""

from __future__ import annotations

import sys

from snake.pki.trust import arch, debian, fedora, java, macos, nss, suse, windows
from snake.pki.trust.store import Store

_LINUX = (fedora.store, debian.store, suse.store, arch.store)


def stores() -> tuple[Store, ...]:
    """Return the store of the system, those of browsers, and that of Java."""
    return (system(), nss.of_user(), java.of_environment())


def system() -> Store:
    """Return the store of this system.

    On Linux it is the first that there is; if there is none, that of Debian says what it lacks.
    """
    if sys.platform == "win32":
        return windows.of_user()
    if sys.platform == "darwin":
        return macos.store
    return next((store for store in _LINUX if not store.missing()), debian.store)
