"""Counting: what goes on to be counted while configurations come and go."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from snake.engine.losses import Losses
from snake.engine.process import Asker
from snake.engine.starts import Starts
from snake.fork.channel import Query, Told
from snake.metrics.ledger import Ledger

if TYPE_CHECKING:
    from snake.metrics.report import Report


_FRESH = 0.1
"""Seconds for which workers are told the same: whoever asks a site for metrics has them ask."""


class Counting:
    """All of it."""

    def __init__(self) -> None:
        self.since = time.time()
        """When snake was started, in seconds since 1970."""
        self.ledger = Ledger()
        """What the workers of all configurations count."""
        self.losses = Losses(self.ledger.own())
        """What the logs of the supervisor have lost."""
        self.starts = Starts()
        """How often processes were started, and why."""
        self.report: Callable[[], Report] | None = None
        """Tells all that is known, without what workers count: they read that themselves."""
        self._told = ""
        self._told_at = -_FRESH

    def answer(self, query: Query, asker: Asker) -> None:
        """Tell a worker what is known of all that runs."""
        if self.report is None or asker.is_gone:
            return
        if time.monotonic() - self._told_at > _FRESH:
            self._told = msgspec.json.encode(self.report()).decode()
            self._told_at = time.monotonic()
        asker.send(Told(self._told, query.loop))
