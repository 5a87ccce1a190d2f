"""Exposition: figures as text, in the format of Prometheus or that of OpenMetrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from snake.metrics.apps import CPU
from snake.metrics.figures import Figures, Key
from snake.metrics.histogram import Histogram
from snake.metrics.own import counted, told
from snake.metrics.report import Report
from snake.metrics.requests import (
    ANSWER,
    ERRORS,
    HISTOGRAMS,
    IN_FLIGHT,
    ROUTE,
    TOTAL,
)
from snake.metrics.series import Totals, now


class Known(NamedTuple):
    """All that there is to show."""

    totals: Totals
    """What all workers have counted."""
    processes: Sequence[int]
    """Those of the workers."""
    report: Report | None
    """What the supervisor knows; `None` when it has not told."""
    loaded: float = 0.0
    """When the configuration was loaded, in seconds since 1970, if that is in no report."""
    upstreams: Mapping[str, Callable[[], bool]] = {}
    """The upstreams in the configuration, and what tells whether one is healthy."""
    more: Sequence[Metric] = ()
    """What somebody else has counted."""


def known(figures: Figures, report: Report | None, loaded: float) -> Known:
    """Return what a worker has to show."""
    return Known(figures.total(), figures.processes(), report, loaded, figures.upstreams)


def expose(what: Known, *, open_metrics: bool) -> bytes:
    """Return all figures as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_All(what, open_metrics=open_metrics))
    write: Callable[[CollectorRegistry], bytes] = (
        openmetrics.generate_latest if open_metrics else generate_latest
    )
    return write(registry)


def metrics(what: Known) -> list[Metric]:
    """Return all figures, as they are before they become text."""
    return list(_All(what, open_metrics=False).collect())


class _All(Collector):
    def __init__(self, what: Known, *, open_metrics: bool) -> None:
        self._what = what
        self._point = ".0" if open_metrics else ""

    def collect(self) -> Iterator[Metric]:
        yield from sorted(self._metrics(), key=lambda metric: metric.name)

    def _metrics(self) -> Iterator[Metric]:
        what = self._what
        loading = what.report.configuration if what.report is not None else None
        last = loading.last_reload if loading is not None else None
        yield GaugeMetricFamily(
            "caddy_config_last_reload_success_timestamp_seconds",
            "Timestamp of the last successful configuration reload.",
            loading.loaded if loading is not None else what.loaded,
        )
        yield GaugeMetricFamily(
            "caddy_config_last_reload_successful",
            "Whether the last configuration reload attempt was successful.",
            last is None or last.ok,
        )
        totals = sorted(what.totals.items(), key=lambda item: str(item[0]))
        yield from self._answers([item for item in totals if item[0][0] == ANSWER])
        yield from _routes([item for item in totals if item[0][0] == ROUTE])
        yield from _upstreams(what.upstreams)
        yield from _processes(what.processes, what.totals)
        yield from counted(what.totals, self._buckets)
        if what.report is not None:
            yield from told(what.report)
        yield from what.more

    def _answers(self, totals: Sequence[tuple[Key, Sequence[float]]]) -> Iterator[Metric]:
        for histogram in HISTOGRAMS if totals else ():
            labels = ["code", "handler", *_host_label(totals), "method", "server"]
            family = HistogramMetricFamily(histogram.name, histogram.help, labels=labels)
            for (_, server, handler, host, code, method), numbers in totals:
                values = [code, handler, *([host] if host is not None else []), method, server]
                self._add(family, histogram, list(map(str, values)), numbers)
            yield family

    def _add(
        self,
        family: HistogramMetricFamily,
        histogram: Histogram,
        labels: list[str],
        numbers: Sequence[float],
    ) -> None:
        buckets = self._buckets(histogram, numbers)
        if buckets[-1][1]:
            family.add_metric(labels, buckets, numbers[histogram.end - 1])

    def _buckets(self, histogram: Histogram, numbers: Sequence[float]) -> list[tuple[str, float]]:
        counts = accumulate(numbers[histogram.start : histogram.end - 1])
        bounds = [*(_bound(each, self._point) for each in histogram.bounds), "+Inf"]
        return list(zip(bounds, counts, strict=True))


def _routes(totals: Sequence[tuple[Key, Sequence[float]]]) -> Iterator[Metric]:
    labels = ["handler", *_host_label(totals), "server"]
    in_flight = GaugeMetricFamily(
        "caddy_http_requests_in_flight",
        "Number of requests currently handled by this server.",
        labels=labels,
    )
    total = CounterMetricFamily(
        "caddy_http_requests", "Counter of HTTP(S) requests made.", labels=labels
    )
    errors = CounterMetricFamily(
        "caddy_http_request_errors",
        "Number of requests resulting in middleware errors.",
        labels=labels,
    )
    for (_, server, handler, host), numbers in totals:
        values = [str(each) for each in (handler, host, server) if each is not None]
        in_flight.add_metric(values, now(numbers[IN_FLIGHT]))
        if numbers[TOTAL]:
            total.add_metric(values, numbers[TOTAL])
        if numbers[ERRORS]:
            errors.add_metric(values, numbers[ERRORS])
    yield from (family for family in (in_flight, total, errors) if family.samples)


def _upstreams(healthy: Mapping[str, Callable[[], bool]]) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "caddy_reverse_proxy_upstreams_healthy",
        "Health status of reverse proxy upstreams.",
        labels=["upstream"],
    )
    for address, is_healthy in sorted(healthy.items()):
        family.add_metric([address], is_healthy())
    if healthy:
        yield family


def _host_label(totals: Sequence[tuple[Key, Sequence[float]]]) -> list[str]:
    return ["host"] if totals and totals[0][0][3] is not None else []


def _bound(bound: float, point: str) -> str:
    """Write a bound as Go does: `0.005`, `256` and `point`, `1.048576e+06`."""
    if not bound.is_integer():
        return str(bound)
    return f"{bound:.0f}{point}" if bound < 1_000_000 else f"{bound:e}"  # noqa: PLR2004


_AS_ONE: Mapping[str, Callable[[Iterable[Any]], float]] = {
    "process_start_time_seconds": min,
    "process_max_fds": max,
}
"""What the processes have in common; all else of them is added up."""


def _processes(pids: Sequence[int], totals: Totals) -> Iterator[Metric]:
    """Yield what is known of the workers' processes, as if they were one."""
    (used,) = totals.get((CPU,), (None,))
    found: dict[str, list[Metric]] = {}
    for pid in pids:
        for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
            found.setdefault(metric.samples[0].name, []).append(metric)
    for name, metrics in found.items():
        first = metrics[0]
        value = _AS_ONE.get(name, sum)(metric.samples[0].value for metric in metrics)
        if used is not None and first.type == "counter":  # those that are gone have used some
            value = used
        first.samples = [first.samples[0]._replace(value=value)]
        yield first
