"""Series: what was counted, put into a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from snake.metrics.apps import (
    APP,
    APP_DURATION,
    APP_WAIT,
    BUSY,
    ERRORS,
    IN_FLIGHT,
    POOL,
    POOL_WAIT,
    REJECTED,
    TOTAL,
)
from snake.metrics.figures import Key
from snake.metrics.histogram import Histogram
from snake.metrics.report import App, Pool, Site, Timing
from snake.metrics.sites import CLASSES, FIRST_CLASS, SITE, SITE_DURATION
from snake.metrics.sites import IN_FLIGHT as SITE_IN_FLIGHT
from snake.metrics.timing import timing

Totals = Mapping[Key, Sequence[float]]


def app_of(totals: Totals, app: App) -> App:
    """Return an app with what was counted of it."""
    numbers = totals.get((APP, app.name, app.working_dir))
    if numbers is None:
        return app
    return replace(
        app,
        requests=round(numbers[TOTAL]),
        errors=round(numbers[ERRORS]),
        in_flight=now(numbers[IN_FLIGHT]),
        duration=_timing(APP_DURATION, numbers),
        queue=_timing(APP_WAIT, numbers),
    )


def pool_of(totals: Totals, app: tuple[str, str], pool: Pool) -> Pool:
    """Return the pool of an app, given by name and folder, with what was counted of it."""
    numbers = totals.get((POOL, *app))
    if numbers is None:
        return pool
    return replace(
        pool,
        busy=now(numbers[BUSY]),
        rejections=round(numbers[REJECTED]),
        queue=_timing(POOL_WAIT, numbers),
    )


def sites_of(totals: Totals, names: Mapping[str, Sequence[str]]) -> Iterator[Site]:
    """Yield every site, given by server, with what was counted of it."""
    for server, sites in names.items():
        for name in sites:
            numbers = totals.get((SITE, server, name))
            yield Site(server, name) if numbers is None else _site(server, name, numbers)


def _site(server: str, name: str, numbers: Sequence[float]) -> Site:
    counts = [round(each) for each in numbers[FIRST_CLASS : FIRST_CLASS + len(CLASSES)]]
    return Site(
        server,
        name,
        requests=sum(counts),
        in_flight=now(numbers[SITE_IN_FLIGHT]),
        statuses={kind: count for kind, count in zip(CLASSES, counts, strict=True) if count},
        duration=_timing(SITE_DURATION, numbers),
    )


def now(number: float) -> int:
    """Return a number of the moment: one that a process has left behind is not below 0."""
    return max(round(number), 0)


def _timing(histogram: Histogram, numbers: Sequence[float]) -> Timing:
    counts = numbers[histogram.start : histogram.end - 1]
    return timing(counts, numbers[histogram.end - 1], histogram.bounds)
