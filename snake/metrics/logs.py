"""Logs: lines of logs that could not be written, counted by the writer that had them."""

from __future__ import annotations

from snake.metrics.figures import LATEST, Figures, Key

LOST = "lost"
"""The kind of figures. The label is the writer: a path, `stdout` or `stderr`."""
_LAST = "lost-at"


def count_lost(figures: Figures, writer: str, lines: int, moment: float) -> None:
    """Count lines that a writer has lost, the last of them at a moment since 1970."""
    figures.series((LOST, writer), 1)[0] += lines
    figures.series(last_of(writer), 1)[0] = moment


def last_of(writer: str) -> Key:
    """Return the key of when the last line was lost."""
    return LATEST, _LAST, writer
