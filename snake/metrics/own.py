"""Own: the metrics that snake has beside Caddy's, named after what they are about.

What is counted comes from the workers' files; what is told from the supervisor's report. All labels
are in the configuration, so nobody who sends requests can make more of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from snake.metrics.apps import (
    APP,
    APP_DURATION,
    APP_WAIT,
    BUSY,
    ERRORS,
    FIRST_CLASS,
    IN_FLIGHT,
    LOOP,
    LOOP_LAG,
    POOL,
    POOL_WAIT,
    REJECTED,
)
from snake.metrics.figures import Key
from snake.metrics.histogram import Histogram
from snake.metrics.logs import LOST
from snake.metrics.report import Report
from snake.metrics.series import Totals, now
from snake.metrics.sites import CLASSES, SITE, SITE_DURATION
from snake.metrics.sites import FIRST_CLASS as SITE_FIRST_CLASS
from snake.metrics.sites import IN_FLIGHT as SITE_IN_FLIGHT

Buckets = Callable[[Histogram, Sequence[float]], list[tuple[str, float]]]
"""Returns the buckets of a histogram, each with its bound as text, of the numbers of a series."""
_Found = Sequence[tuple[Key, Sequence[float]]]

_SITE = ("server", "site")
_APP = ("app", "working_dir")
_PLACED = (*_APP, "place")
_WORKER = ("worker",)
_LOG = ("writer",)


def counted(totals: Totals, buckets: Buckets) -> Iterator[Metric]:
    """Yield what was counted of sites, apps, pools and event loops."""
    found = sorted(totals.items(), key=lambda item: str(item[0]))
    kinds = {kind: [each for each in found if each[0][0] == kind] for kind in (SITE, APP, POOL)}
    sites, apps, pools = kinds.values()
    if sites:
        text = "Requests of a site, by the class of their status."
        yield _requests("snake_site_requests", text, sites, SITE_FIRST_CLASS)
        name = "snake_site_requests_in_flight"
        yield _gauge(name, "Requests of a site that are being answered.", sites, SITE_IN_FLIGHT)
        yield _histogram(SITE_DURATION, sites, buckets)
    if apps:
        text = "Requests that an app was given, by the class of their status."
        yield _requests("snake_app_requests", text, apps, FIRST_CLASS)
        name = "snake_app_errors"
        yield _counter(name, "Requests that an app failed to answer.", apps, ERRORS)
        name = "snake_app_requests_in_flight"
        yield _gauge(name, "Requests that an app has.", apps, IN_FLIGHT)
        yield _histogram(APP_DURATION, apps, buckets)
        yield _histogram(APP_WAIT, apps, buckets)
    if pools:
        name = "snake_pool_requests_in_flight"
        yield _gauge(name, "Requests that the processes of a pool have.", pools, BUSY)
        name = "snake_pool_rejections"
        yield _counter(name, "Requests that no process of a pool has taken.", pools, REJECTED)
        yield _histogram(POOL_WAIT, pools, buckets)
    loops = [each for each in found if each[0][0] == LOOP]
    if loops:
        yield _histogram(LOOP_LAG, loops, buckets)
    logs = [each for each in found if each[0][0] == LOST]
    if logs:
        yield _counter("snake_log_lines_lost", "Lines that could not be written.", logs, 0)


_LABELS = {SITE: _SITE, APP: _PLACED, POOL: _APP, LOOP: _WORKER, LOST: _LOG}
"""The labels of each kind of series, whose values follow the kind in its key."""


def _labels(found: _Found) -> tuple[str, ...]:
    return _LABELS[str(found[0][0][0])]


def _values(key: Key) -> list[str]:
    return [str(each) for each in key[1:]]


def _requests(name: str, help: str, found: _Found, start: int) -> Metric:  # noqa: A002
    family = CounterMetricFamily(name, help, labels=[*_labels(found), "status"])
    for key, numbers in found:
        for index, kind in enumerate(CLASSES, start):
            if numbers[index]:
                family.add_metric([*_values(key), kind], numbers[index])
    return family


def _counter(name: str, help: str, found: _Found, index: int) -> Metric:  # noqa: A002
    family = CounterMetricFamily(name, help, labels=_labels(found))
    for key, numbers in found:
        family.add_metric(_values(key), numbers[index])
    return family


def _gauge(name: str, help: str, found: _Found, index: int) -> Metric:  # noqa: A002
    family = GaugeMetricFamily(name, help, labels=_labels(found))
    for key, numbers in found:
        family.add_metric(_values(key), now(numbers[index]))
    return family


def _histogram(histogram: Histogram, found: _Found, buckets: Buckets) -> Metric:
    family = HistogramMetricFamily(histogram.name, histogram.help, labels=_labels(found))
    for key, numbers in found:
        family.add_metric(_values(key), buckets(histogram, numbers), numbers[histogram.end - 1])
    return family


# What the supervisor tells ------------------------------------------------------------


def told(report: Report) -> Iterator[Metric]:
    """Yield what the supervisor knows."""
    info = GaugeMetricFamily("snake_build_info", "Always 1.", labels=["version", "python"])
    info.add_metric([report.version, report.python], 1)
    yield info
    yield GaugeMetricFamily(
        "snake_start_time_seconds", "When the supervisor was started.", report.started
    )
    yield from _workers(report)
    yield from _apps(report)
    yield from _reloads(report)
    yield from _certificates(report)


def _workers(report: Report) -> Iterator[Metric]:
    states = GaugeMetricFamily("snake_workers", "Processes of workers by state.", labels=["state"])
    workers = [each for generation in report.generations for each in generation.workers]
    for state in ("serving", "draining", "starting", "down"):
        states.add_metric([state], sum(each.state == state for each in workers))
    yield states
    up = GaugeMetricFamily("snake_worker_up", "Whether a worker has a process.", labels=_WORKER)
    began = GaugeMetricFamily(
        "snake_worker_start_time_seconds", "When its process was started.", labels=_WORKER
    )
    memory = GaugeMetricFamily(
        "snake_worker_resident_memory_bytes", "Memory that it has.", labels=_WORKER
    )
    cpu = CounterMetricFamily(
        "snake_worker_cpu_seconds", "CPU time of its process that serves now.", labels=_WORKER
    )
    serving = report.generations[0].workers if report.generations else ()
    for each in serving:
        label = [str(each.worker)]
        if each.state == "draining":
            continue
        up.add_metric(label, each.pid is not None)
        if each.started is not None:
            began.add_metric(label, each.started)
        if each.resources.resident_memory is not None:
            memory.add_metric(label, each.resources.resident_memory)
        if each.resources.cpu is not None:
            cpu.add_metric(label, each.resources.cpu)
    yield from (family for family in (up, began, memory, cpu) if family.samples)
    yield from _starts(report)


def _starts(report: Report) -> Iterator[Metric]:
    """Yield how often processes were started, and why."""
    workers = CounterMetricFamily(
        "snake_worker_starts", "Starts of its processes, by cause.", labels=[*_WORKER, "cause"]
    )
    pools = CounterMetricFamily(
        "snake_pool_starts", "Starts of its processes, by cause.", labels=[*_APP, "cause"]
    )
    for each in report.starts:
        if each.worker is not None:
            workers.add_metric([str(each.worker), each.cause], each.count)
        else:
            pools.add_metric([each.app, each.working_dir, each.cause], each.count)
    yield from (family for family in (workers, pools) if family.samples)


def _apps(report: Report) -> Iterator[Metric]:
    apps: Counter[tuple[str, ...]] = Counter()
    pools: Counter[tuple[str, ...]] = Counter()
    wanted: Counter[tuple[str, ...]] = Counter()
    tenants: Counter[tuple[str, ...]] = Counter()
    for each in report.apps:
        labels = (each.name, each.working_dir)
        apps[*labels, each.place] += len(each.pids)
        if each.pool is None:
            continue
        pools[labels] += len(each.pids)
        if each.dynamic:
            tenants[labels] += len(each.pool.tenants)
        else:
            wanted[labels] += each.processes
    for name, what, labelled, counts in (
        ("app_processes", "Processes that run an app now.", _PLACED, apps),
        ("pool_processes", "Processes that a pool has now.", _APP, pools),
        ("pool_processes_wanted", "Processes that a pool is to have.", _APP, wanted),
        ("pool_tenants", "Apps that requests have chosen and that run.", _APP, tenants),
    ):
        family = GaugeMetricFamily(f"snake_{name}", what, labels=labelled)
        for values, count in counts.items():
            family.add_metric(values, count)
        if counts:
            yield family


def _reloads(report: Report) -> Iterator[Metric]:
    loading = report.configuration
    yield CounterMetricFamily(
        "snake_reload_attempts", "Attempts to replace the configuration.", loading.attempts
    )
    yield CounterMetricFamily(
        "snake_reload_failures", "Attempts that failed, and changed nothing.", loading.failures
    )
    last = loading.last_reload
    if last is not None:
        yield GaugeMetricFamily(
            "snake_reload_last_timestamp_seconds", "When the last attempt began.", last.at
        )
        yield GaugeMetricFamily(
            "snake_reload_last_duration_seconds", "How long the last attempt took.", last.seconds
        )


def _certificates(report: Report) -> Iterator[Metric]:
    """Yield how certificates stand: at most 1000, the most urgent first."""
    yield GaugeMetricFamily(
        "snake_certificates",
        "Certificates in use, and names without one.",
        report.certificates_total,
    )
    ends = GaugeMetricFamily(
        "snake_certificate_not_after_timestamp_seconds", "When it expires.", labels=["name"]
    )
    renews = GaugeMetricFamily(
        "snake_certificate_renewal_timestamp_seconds", "When it is to be renewed.", labels=["name"]
    )
    failures = GaugeMetricFamily(
        "snake_certificate_failed_attempts",
        "Attempts to get it that failed since the last that did not.",
        labels=["name"],
    )
    for each in {each.name: each for each in reversed(report.certificates)}.values():
        if each.not_after is not None:
            ends.add_metric([each.name], each.not_after)
        if each.renews is not None:
            renews.add_metric([each.name], each.renews)
        if each.managed:
            failures.add_metric([each.name], each.attempts)
    yield from (family for family in (ends, renews, failures) if family.samples)
