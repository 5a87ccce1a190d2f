"""Dealings: what is remembered of authorities for as long as the process lives.

A reload makes issuers anew; it does not make an authority forget what it was asked.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Self
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from snake.acme.history import History
from snake.acme.listener import Listeners
from snake.acme.rate import Rate


class Dealings:
    """One for each event loop, as what is waited for in it is bound to one; see `here`."""

    def __init__(self) -> None:
        self.history = History()
        self.listeners = Listeners()
        self._rates: dict[tuple[str, str], Rate] = {}

    @classmethod
    def here(cls) -> Self:
        """Return those of the running event loop. A supervisor has one loop."""
        loop = asyncio.get_running_loop()
        found = _of_loops.get(loop)
        if not isinstance(found, cls):
            found = _of_loops[loop] = cls()
        return found

    async def turn(self, directory: str, email: str) -> None:
        """Wait until an account may order a certificate from an authority.

        One on this machine is not protected from us.
        """
        if not _is_here(directory):
            await self._rates.setdefault((directory, email), Rate()).turn()


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Dealings] = WeakKeyDictionary()


def _is_here(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
