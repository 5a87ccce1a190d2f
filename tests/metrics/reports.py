"""Reports, as a snake that runs makes them."""

from __future__ import annotations

from typing import Any

from snake.metrics import report as parts
from snake.metrics.report import Report
from snake.metrics.sites import SECONDS
from snake.metrics.timing import timing

STARTED = 1_700_000_000.0
DAY = 86_400.0


def times(*seconds: int) -> parts.Timing:
    """Return how long things took: so many of each of the first buckets."""
    counts = [*seconds, *[0] * (len(SECONDS) + 1 - len(seconds))]
    return timing(counts, 0.001 * sum(seconds), SECONDS)


def site(name: str, requests: int, **more: Any) -> parts.Site:
    """Return a site that has had so many requests, all of which went well."""
    given: dict[str, Any] = {
        "statuses": {"2xx": requests},
        "duration": times(*[0] * 5, requests),  # up to a millisecond
    } | more
    server = given.pop("server", "srv0")
    return parts.Site(server, name, requests=requests, **given)


def certificate(name: str, days: float | None, **more: Any) -> parts.Certificate:
    """Return a certificate that ends in so many days; `None` for a name that has none."""
    ends = None if days is None else STARTED + days * DAY
    return parts.Certificate(name, "local", True, None, ends, **more)  # noqa: FBT003


def report(**more: Any) -> Report:
    """Return a report of a snake that has run for 100 seconds."""
    worker = parts.Worker(0, 11, "serving", STARTED + 1, parts.Resources(30 << 20, 2.5))
    given: dict[str, Any] = {
        "version": "1.2",
        "python": "3.12.1",
        "pid": 10,
        "started": STARTED,
        "uptime": 100.0,
        "configuration": parts.Configuration("/srv/Caddyfile", STARTED + 1, 0, 0),
        "generations": (parts.Generation("serving", "workers 1", (worker,)),),
        "starts": (parts.Starts("loaded", 1, worker=0),),
        "apps": (),
        "listeners": (parts.Listener(":80", "[::]:80", "srv0", False),),  # noqa: FBT003
        "certificates": (),
        "certificates_total": 0,
        "sites": (site("a.test", 100),),
    }
    return Report(**(given | more))


def full() -> Report:
    """Return a report that has something of everything."""
    pool = parts.Pool(processes=2, pids=(21,), busy=1, rejections=3, queue=times(5))
    apps = (
        parts.App("main:app", "", "workers", "nothing keeps it apart", "3.12.1", "", 1, (11,),
                  requests=50, statuses={"2xx": 48, "5xx": 2}, errors=1, in_flight=2,
                  duration=times(1, 2), queue=times(3)),
        parts.App("old:app", "old", "pool", "another venv", "3.11.1", "old/venv", 2, (21,),
                  pool=pool),
        parts.App("tenant:app", "/srv/{host}", "pool", "placeholders", "", "", 1, (31, 32),
                  dynamic=True, pool=parts.Pool(1, (), tenants={"a": (31,), "b": (32,)})),
    )  # fmt: skip
    leaving = parts.Worker(0, 9, "draining", STARTED - 50)
    found = report()
    return report(
        configuration=parts.Configuration(
            None, STARTED, 3, 1, parts.Reload(STARTED + 50, False, "no such file", 0.2)  # noqa: FBT003
        ),
        generations=(
            *found.generations,
            parts.Generation("draining", "workers 1", (leaving,)),
        ),
        starts=(
            *found.starts,
            parts.Starts("died", 2, worker=0),
            parts.Starts("loaded", 1, app="old:app", working_dir="old"),
        ),
        apps=apps,
        certificates=(
            certificate("bad.test", None, error="refused\nby somebody", attempts=2,
                        next_attempt=STARTED + 160),
            certificate("late.test", 2, renews=STARTED - DAY),
            certificate("good.test", 60, renews=STARTED + 30 * DAY),
        ),
        certificates_total=3,
        logs=(parts.Log("a.log", 3, STARTED + 10), parts.Log("old.log", 3, STARTED - DAY)),
    )  # fmt: skip
