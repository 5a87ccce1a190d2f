"""Sites: what is counted of the requests of each site, whatever the configuration.

A series has, in this order: requests in flight; requests by the class of their status, of which
the first had none; how many took how long, and the sum of that.
"""

from __future__ import annotations

from bisect import bisect_left

from snake.metrics.figures import Figures
from snake.metrics.histogram import Histogram

SITE = "site"
"""The kind of these figures; the labels are the server and the site."""
CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
"""Classes of statuses. None has a request that was cut off before its response."""
SECONDS = (
    *(0.00001, 0.00003, 0.0001),  # what a fixed response takes
    *(0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
    *(5.0, 15.0, 60.0),
)
"""The bounds of the buckets of all times that snake itself defines."""

IN_FLIGHT = 0
FIRST_CLASS = 1
SITE_DURATION = Histogram(
    "snake_site_request_duration_seconds",
    "How long requests of a site took, until the response was complete.",
    SECONDS,
    FIRST_CLASS + len(CLASSES),
)
FIRST_BUCKET, SUM = SITE_DURATION.start, SITE_DURATION.end - 1
SWITCHED = 101
"""The status of a connection that became something else, which may last for days."""


class Site:
    """One site, as one worker counts it."""

    __slots__ = ("_figures", "_key", "_numbers")

    def __init__(self, figures: Figures, server: str, name: str) -> None:
        self._figures = figures
        self._key = SITE, server, name
        self._numbers: memoryview[float] | None = None

    @property
    def numbers(self) -> memoryview[float]:
        """What counts: there are sites by the thousand that nobody visits, so not before."""
        numbers = self._numbers
        if numbers is None:
            numbers = self._numbers = self._figures.series(self._key, SITE_DURATION.end, gauges=1)
        return numbers

    def count(self, status: int, seconds: float) -> None:
        """Count a request that is over; how long it took only if that says something."""
        numbers = self._numbers
        if numbers is None:
            numbers = self.numbers
        numbers[FIRST_CLASS + status // 100] += 1
        if status != SWITCHED:
            numbers[FIRST_BUCKET + bisect_left(SECONDS, seconds)] += 1
            numbers[SUM] += seconds
