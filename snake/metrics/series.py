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
    FIRST_CLASS,
    IN_FLIGHT,
    POOL,
    POOL_WAIT,
    REJECTED,
)
from snake.metrics.figures import Key
from snake.metrics.histogram import Histogram
from snake.metrics.logs import LOST, last_of
from snake.metrics.report import App, Log, Pool, Site, Timing
from snake.metrics.sites import CLASSES, SITE, SITE_DURATION
from snake.metrics.sites import FIRST_CLASS as SITE_FIRST_CLASS
from snake.metrics.sites import IN_FLIGHT as SITE_IN_FLIGHT
from snake.metrics.timing import timing

Totals = Mapping[Key, Sequence[float]]


def app_of(totals: Totals, app: App) -> App:
    """Return an app with what was counted of it."""
    numbers = totals.get((APP, app.name, app.working_dir, app.place))
    if numbers is None:
        return app
    statuses = _statuses(numbers, FIRST_CLASS)
    return replace(
        app,
        requests=sum(statuses.values()),
        statuses=statuses,
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


def logs_of(totals: Totals) -> Iterator[Log]:
    """Yield the writers of logs that have lost lines."""
    for kind, *rest in sorted(totals, key=str):
        if kind == LOST:
            writer = str(rest[0])
            (lines,), (moment,) = totals[LOST, writer], totals.get(last_of(writer), (0.0,))
            yield Log(writer, round(lines), moment)


def _site(server: str, name: str, numbers: Sequence[float]) -> Site:
    statuses = _statuses(numbers, SITE_FIRST_CLASS)
    return Site(
        server,
        name,
        requests=sum(statuses.values()),
        in_flight=now(numbers[SITE_IN_FLIGHT]),
        statuses=statuses,
        duration=_timing(SITE_DURATION, numbers),
    )


def _statuses(numbers: Sequence[float], start: int) -> dict[str, int]:
    counts = map(round, numbers[start : start + len(CLASSES)])
    return {kind: count for kind, count in zip(CLASSES, counts, strict=True) if count}


def now(number: float) -> int:
    """Return a number of the moment: one that a process has left behind is not below 0."""
    return max(round(number), 0)


def _timing(histogram: Histogram, numbers: Sequence[float]) -> Timing:
    counts = numbers[histogram.start : histogram.end - 1]
    return timing(counts, numbers[histogram.end - 1], histogram.bounds)
