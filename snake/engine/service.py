"""Service: what the service manager that started snake is told, as sd_notify(3) has it.

Caddy tells the same at the same moments: https://caddyserver.com/docs/running. Without a service
manager nothing is done.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

logger = logging.getLogger("snake")

_LONGEST = 300
"""Characters of a status; `systemctl status` has one line for it."""


class Service:
    """Tells the service manager, over the socket that `NOTIFY_SOCKET` names.

    `environ` is where that and `WATCHDOG_USEC` are looked up. Nothing here raises: a manager
    that does not listen is told of in the log, once.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        # An abstract socket is written with @ (unix(7)).
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self._period = _watchdog(environ) if name else 0.0
        self._is_lost = False
        self._is_reloading = False

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Tell again and again that the event loop turns, if the manager wants to know that."""
        beating = asyncio.create_task(self._beat()) if self._period else None
        try:
            yield
        finally:
            if beating is not None:
                beating.cancel()

    def ready(self, status: str) -> None:
        """Tell that everything serves; `status` is for people."""
        self._tell("READY=1", _status(status))

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Tell that another configuration is loaded, and how that went when the block ends."""
        if self._is_reloading:  # a part of it
            yield
            return
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        self._is_reloading = True
        try:
            yield
        except Exception as error:
            self.ready(f"cannot reload, the old configuration goes on: {error}")
            raise
        else:
            self.ready("reloaded")
        finally:
            self._is_reloading = False

    def stopping(self) -> None:
        """Tell that the end has begun."""
        self._tell("STOPPING=1", _status("finishing what is under way"))

    async def _beat(self) -> None:
        while True:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self._period)

    def _tell(self, *lines: str) -> None:
        if not self._address or self._is_lost:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.settimeout(0)
                sock.connect(self._address)
                sock.send("\n".join(lines).encode())
        except BlockingIOError:  # it has much to read; the next one tells it
            return
        except OSError as error:
            self._is_lost = True
            fields = {"error": error.strerror or str(error)}
            logger.warning("the service manager cannot be told", extra={"fields": fields})


def _status(text: str) -> str:
    """Return the assignment of a status, which has one line."""
    first = text.partition("\n")[0]
    line = "".join(letter if letter.isprintable() else "?" for letter in first)
    return f"STATUS={line[:_LONGEST]}"


def _watchdog(environ: Mapping[str, str]) -> float:
    """Return after how many seconds to give a sign of life (sd_watchdog_enabled(3)); 0 for never.

    That is half of what the manager waits. The process that it asks may be the parent: that of a
    standalone executable, which does nothing but wait.
    """
    asked = environ.get("WATCHDOG_PID")
    if asked is not None and asked not in (str(os.getpid()), str(os.getppid())):
        return 0.0
    try:
        return max(int(environ.get("WATCHDOG_USEC", "0")), 0) / 2_000_000
    except ValueError:
        return 0.0
