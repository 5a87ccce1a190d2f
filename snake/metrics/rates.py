"""Rates: what has happened between two reports, a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from snake.core.record import Record
from snake.metrics.report import App, Report, Site, Timing
from snake.metrics.timing import timing


class SiteRate(Record):
    """What a site, or all of them, has done."""

    site: Site
    """As it is now."""
    requests: float
    statuses: dict[str, float]
    """By class."""
    duration: Timing
    """Of the requests in between."""


class AppRate(Record):
    """What an app has done."""

    app: App
    requests: float
    errors: float
    """Requests that the app failed to answer, or answered with a status from 500 on."""
    duration: Timing
    queue: Timing


class Rates(Record):
    """All of it."""

    report: Report
    """The second of the two."""
    total: SiteRate
    """All sites as one; it has no name."""
    sites: tuple[SiteRate, ...]
    """The busiest first."""
    apps: tuple[AppRate, ...]
    cpu: dict[int, float]
    """By process, the CPUs that it has used: 0.5 is half of one."""


def rates(before: Report | None, now: Report) -> Rates:
    """Return what has happened since a report, or since the start when there is none.

    One of another snake, or of one that was started again, is none.
    """
    if before is not None and (before.started, before.pid) != (now.started, now.pid):
        before = None
    seconds = max(now.uptime - (before.uptime if before is not None else 0.0), 1e-3)
    bounds = now.bounds
    old = {(each.server, each.site): each for each in before.sites} if before else {}
    sites = [_site(each, old.get((each.server, each.site)), seconds, bounds) for each in now.sites]
    sites.sort(key=lambda each: (-each.requests, -each.site.requests))
    apps = {_placed(each): each for each in before.apps} if before else {}
    return Rates(
        report=now,
        total=_total(sites, bounds),
        sites=tuple(sites),
        apps=tuple(_app(each, apps.get(_placed(each)), seconds, bounds) for each in now.apps),
        cpu=_cpu(before, now, seconds),
    )


def _site(now: Site, before: Site | None, seconds: float, bounds: Sequence[float]) -> SiteRate:
    before = before or Site(now.server, now.site)
    return SiteRate(
        now,
        requests=(now.requests - before.requests) / seconds,
        statuses={
            kind: (count - before.statuses.get(kind, 0)) / seconds
            for kind, count in now.statuses.items()
        },
        duration=_between(now.duration, before.duration, bounds),
    )


def _total(sites: Sequence[SiteRate], bounds: Sequence[float]) -> SiteRate:
    counts = [0] * (len(bounds) + 1)
    statuses: Counter[str] = Counter()
    for each in sites:
        counts = [sum(pair) for pair in zip(counts, each.duration.buckets, strict=False)] or counts
        for kind, rate in each.statuses.items():
            statuses[kind] += rate  # type: ignore[assignment]
    return SiteRate(
        Site(
            "",
            "",
            requests=sum(each.site.requests for each in sites),
            in_flight=sum(each.site.in_flight for each in sites),
        ),
        requests=sum(each.requests for each in sites),
        statuses=dict(statuses),
        duration=timing(counts, sum(each.duration.sum for each in sites), bounds),
    )


def _placed(app: App) -> tuple[str, str, str]:
    """Return what tells an app from the others."""
    return app.name, app.working_dir, app.place


def _app(now: App, before: App | None, seconds: float, bounds: Sequence[float]) -> AppRate:
    old = before or App(now.name, now.working_dir, "", "", "", "", 0, ())
    queue, waited = (each.pool.queue if each.pool else each.queue for each in (now, old))
    return AppRate(
        now,
        requests=(now.requests - old.requests) / seconds,
        errors=(now.statuses.get("5xx", 0) - old.statuses.get("5xx", 0)) / seconds,
        duration=_between(now.duration, old.duration, bounds),
        queue=_between(queue, waited, bounds),
    )


def _between(now: Timing, before: Timing, bounds: Sequence[float]) -> Timing:
    old = before.buckets or (0,) * len(now.buckets)
    counts = [max(one - other, 0) for one, other in zip(now.buckets, old, strict=False)]
    return timing(counts or [0] * (len(bounds) + 1), max(now.sum - before.sum, 0.0), bounds)


def _cpu(before: Report | None, now: Report, seconds: float) -> dict[int, float]:
    old = _used(before) if before is not None else {}
    return {pid: max(used - old.get(pid, 0.0), 0.0) / seconds for pid, used in _used(now).items()}


def _used(report: Report) -> dict[int, float]:
    workers = (each for generation in report.generations for each in generation.workers)
    return {
        each.pid: each.resources.cpu
        for each in workers
        if each.pid is not None and each.resources.cpu is not None
    }
