"""Losses: has the lines that this process's logs have lost be counted."""

from __future__ import annotations

from snake.logs.trouble import losses
from snake.metrics.figures import Figures
from snake.metrics.logs import count_lost


class Losses:
    """Those of a process. Whichever of its loops looks first counts them."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def look(self) -> None:
        """Count what was lost since somebody looked."""
        for writer, (lines, moment) in losses().items():
            count_lost(self._figures, writer, lines, moment)
