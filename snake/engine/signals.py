"""What a signal asks of the supervisor, as Caddy has it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from time import monotonic

logger = logging.getLogger("snake")

STOP = (signal.SIGINT, signal.SIGTERM)
IGNORED = (signal.SIGHUP, signal.SIGUSR2, signal.SIGPIPE)
FORCED = 2
"""The exit code of an end that was not graceful."""
FAILED = 3
"""The exit code when something went wrong while stopping."""
ECHO = 0.1 if getattr(sys, "frozen", False) else 0.0
"""Seconds in which a second SIGINT is the first one.

A terminal sends it to all processes, and that which waits for a standalone executable passes on
what it gets.
"""


class Signals:
    """SIGINT and SIGTERM ask to stop, a second SIGINT to give up; SIGQUIT ends at once.

    After a stop by the admin API the first SIGINT is the second one.

    SIGUSR1 asks to reload.

    A second SIGTERM changes nothing: whoever repeats it by machine wants no request cut off.
    """

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.quit = asyncio.Event()
        self.reload = asyncio.Event()
        """Whether the configuration is to be read again."""
        self.name = ""
        """The signal that asked to stop."""
        self._interrupted: float | None = None
        """When it was that SIGINT came."""

    def install(self) -> None:
        """Listen, on the running loop."""
        loop = asyncio.get_running_loop()
        for number in STOP:
            loop.add_signal_handler(number, self._on_stop, number)
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        # The workers see the end of their channels, and end as well.
        loop.add_signal_handler(signal.SIGQUIT, os._exit, FORCED)
        loop.add_signal_handler(signal.SIGUSR1, self.reload.set)

    def ask_to_stop(self) -> None:
        """Ask to stop as the first SIGINT does, in the name of a client of the admin API."""
        if not self.stop.is_set():
            self.name = "POST /stop"
            self.stop.set()
            self._interrupted = monotonic()

    def _on_stop(self, number: signal.Signals) -> None:
        if number == signal.SIGINT:
            first = self._interrupted
            self._interrupted = monotonic() if first is None else first
            if first is not None and monotonic() - first >= ECHO:
                logger.warning("force quit", extra={"fields": {"signal": number.name}})
                self.quit.set()
                # One more changes nothing, not even when Python is on its way out.
                asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        if not self.stop.is_set():
            self.name = number.name
            self.stop.set()
