"""Keeping: what is kept of the backups of a log, and by whom."""

from __future__ import annotations

from snake.core.record import Record


class Care:
    """What the supervisor offers, and nobody else: log files are taken care of where it is."""


class Keeping(Record):
    """What is kept, and how."""

    number: int
    """How many moments; below 1, any number."""
    days: int
    """How old they may get; below 1, any age."""
    compression: str
    """`none`, `gzip` or `zstd`."""
