"""Trouble: what keeps a log from being written, told once on stderr."""

from __future__ import annotations

import logging
import threading
from time import monotonic, time

from snake.logs.encoders import Record

_AGAIN = 60.0
"""Seconds in which the same trouble is not said again."""

STDERR = "stderr"
"""The place that has nowhere to tell of its trouble."""

_losses: dict[str, tuple[int, float]] = {}
_lock = threading.Lock()


def losses() -> dict[str, tuple[int, float]]:
    """Return the lines that were lost since this was called last, and when, by their writers."""
    with _lock:
        found = dict(_losses)
        _losses.clear()
    return found


class Trouble:
    """What keeps a writer from writing, and how much was lost of it; told on stderr."""

    def __init__(self, place: str, writer: str) -> None:
        """Tell of a `place` in words, and count for the name of its `writer`."""
        self._place = place
        self._writer = writer
        self._lost = 0
        self._said = -_AGAIN
        self._is_told = False
        self.lasts = False

    def begins(self, error: OSError, lines: bytes) -> None:
        """Note that lines were lost; say so if it is new."""
        count = lines.count(b"\n")
        self._lost += count
        with _lock:
            before, _ = _losses.get(self._writer, (0, 0.0))
            _losses[self._writer] = before + count, time()
        if not self.lasts and monotonic() - self._said >= _AGAIN:
            self._said = monotonic()
            self._is_told = True
            self._say(f"cannot write to {self._place}; lines are lost", error=error.strerror or "")
        self.lasts = True

    def ends(self) -> None:
        """Note that lines are written again."""
        self.lasts = False
        if self._is_told:
            self._say(f"{self._place} is written to again", lines_lost=self._lost)
            self._lost, self._is_told = 0, False

    def _say(self, message: str, **fields: object) -> None:
        if self._place == STDERR:
            return
        complain(message, **fields)


def complain(message: str, **fields: object) -> None:
    """Say on stderr what is wrong with a log, which is no place to say it."""
    from snake.logs.targets import default_target  # noqa: PLC0415  (which imports this)

    target = default_target()
    record = Record(logging.ERROR, time(), "logging", message, fields)
    target.writer.write(target.encoder.encode(record))
