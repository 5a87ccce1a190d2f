"""Sending: what the libraries that send have to say, and the end of it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

CLOSING = 5.0
"""Seconds that what waits to be sent has at the end."""
SILENCE = 60.0
"""Seconds between two complaints about the same thing."""
_LIBRARIES = ("opentelemetry.exporter", "opentelemetry.sdk")

log = logging.getLogger("snake.telemetry")


@contextmanager
def heard() -> Iterator[None]:
    """Put what the libraries complain of into our log, while this lasts."""
    complaints = _Complaints()
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    for logger in loggers:
        logger.addHandler(complaints)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(complaints)


async def last_chance(send: Callable[[], object]) -> None:
    """Let what waits be sent, for a while; in a thread that keeps nobody from ending."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def run() -> None:
        send()
        with suppress(RuntimeError):  # the loop is closed: it took too long
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, name="last telemetry", daemon=True).start()
    with suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), CLOSING)


class _Complaints(logging.Handler):
    """Tells of a fault once in a while, and not for each batch."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Log a complaint unless the same was made just now."""
        now = monotonic()
        if now - self._told.get(str(record.msg), -SILENCE) < SILENCE:
            return
        self._told[str(record.msg)] = now
        log.log(record.levelno, "%s", record.getMessage())
