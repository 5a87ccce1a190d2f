"""What has happened between two reports."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from snake.metrics import report as parts
from snake.metrics.rates import rates
from tests.metrics.reports import full, report, site, times


def test_rates_are_those_of_the_time_between() -> None:
    """Counts, statuses and times are of the requests in between; the busiest site is first."""
    before = report(sites=(site("a.test", 100), site("b.test", 5)))
    statuses = {"2xx": 140, "5xx": 6, "none": 2}
    after = report(
        uptime=102.0,
        sites=(
            site("b.test", 5),
            site(
                "a.test",
                148,
                statuses=statuses,
                duration=times(0, 0, 0, 0, 0, 100, 48),
                in_flight=4,
            ),
        ),
    )
    found = rates(before, after)

    assert [each.site.site for each in found.sites] == ["a.test", "b.test"]
    busiest = found.sites[0]
    assert busiest.requests == pytest.approx(24)
    assert busiest.statuses == {"2xx": 20, "5xx": 3, "none": 1}
    assert busiest.duration.count == 48
    assert busiest.duration.p50 == pytest.approx(0.00175)  # between 1 and 2.5 ms
    assert found.sites[1].duration.p99 is None
    assert (found.total.requests, found.total.site.in_flight) == (24, 4)
    assert found.total.duration.count == 48


def test_a_server_that_was_started_again_begins_anew() -> None:
    """What another process has counted is nothing to subtract."""
    again = report(pid=99, uptime=10.0, sites=(site("a.test", 20),))

    assert rates(report(), again).total.requests == 2
    assert rates(None, again).total.requests == 2


def test_cpu() -> None:
    """CPUs that processes used, of those that are known to both."""
    before, after = report(), report(uptime=102.0)
    worker = after.generations[0].workers[0]
    used = replace(worker, resources=replace(worker.resources, cpu=3.5))
    after = replace(after, generations=(replace(after.generations[0], workers=(used,)),))

    assert rates(before, after).cpu == {11: pytest.approx(0.5)}


def test_apps() -> None:
    """Of an app in a pool the queue is that of its pool."""
    own, old, tenants = rates(None, full()).apps

    assert own.requests == pytest.approx(0.5)
    assert own.errors == pytest.approx(0.02)
    assert (own.queue.count, old.queue.count, tenants.queue.count) == (3, 5, 0)


def test_an_app_in_two_places_is_two() -> None:
    """In a second without requests neither has waited, though both have before."""
    (own, *_) = full().apps
    pooled = replace(own, place="pool", pool=parts.Pool(1, (21,), queue=times(7)))
    found = report(apps=(own, pooled))

    assert [each.queue.p99 for each in rates(found, found).apps] == [None, None]
    assert [each.requests for each in rates(found, found).apps] == [0, 0]
