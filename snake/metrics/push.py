"""Push: figures that are sent to a collector of OpenTelemetry, every now and then.

One worker sends those of all. What is sent is what Prometheus would fetch, under the
same names.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from snake import __version__
from snake.core.modules import Context
from snake.metrics.figures import Figures
from snake.metrics.inquiry import PATIENCE, Inquiry
from snake.telemetry.exporters import exporter, missing, resource
from snake.telemetry.sending import heard, last_chance

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import Metric as Sent
    from prometheus_client.core import Metric

    from snake.metrics.report import Report

log = logging.getLogger("snake.telemetry")

_INTERVAL = "OTEL_METRIC_EXPORT_INTERVAL"
_SECOND = 1000
"""Milliseconds: what the variable is in."""
_USUAL = 60.0
_NANOSECONDS = 1_000_000_000


async def push(ctx: Context, figures: Figures) -> None:
    """Send figures while the configuration lasts. Raises `ConfigError`."""
    try:
        import opentelemetry.sdk.metrics  # noqa: F401, PLC0415  (an extra)
    except ImportError:
        raise missing(ctx, "otlp") from None
    sends = exporter(ctx, "metrics")
    interval = _interval(ctx)
    if sends is not None and figures.leads:
        inquiry = ctx.service(Inquiry)
        await ctx.enter(_open(_Pusher(figures, sends, interval, inquiry)))


def _interval(ctx: Context) -> float:
    text = os.environ.get(_INTERVAL, "").strip()
    try:
        seconds = int(text) / _SECOND if text else _USUAL
    except ValueError:
        seconds = 0
    if seconds <= 0:
        raise ctx.fail(f"{_INTERVAL} is {text!r}: it is a number of milliseconds")
    return seconds


@asynccontextmanager
async def _open(pusher: _Pusher) -> AsyncIterator[None]:
    with heard():
        pusher.start()
        yield
        await last_chance(pusher.stop)


class _Pusher:
    """The thread that sends."""

    def __init__(
        self,
        figures: Figures,
        sends: Any,  # noqa: ANN401
        interval: float,
        inquiry: Inquiry | None,
    ) -> None:
        self._figures = figures
        self._sends = sends
        self._interval = interval
        self._inquiry = inquiry
        self._report: Report | None = None
        self._loop = asyncio.get_running_loop()
        self._began = time.time()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="figures", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send the last figures, and no more."""
        self._stopped.set()
        self._thread.join()
        self._inquiry = None  # the supervisor waits for the end, and answers no more
        self._send()
        self._sends.shutdown()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            self._send()

    def _send(self) -> None:
        try:
            report = self._asked()
            # Counts go on through reloads, so they began when snake was started.
            began = report.started if report is not None else self._began
            self._sends.export(_told(self._figures, report, began))
        except Exception:
            log.exception("figures could not be sent")

    def _asked(self) -> Report | None:
        """Return what the supervisor knows, in this thread; or what it said last."""
        if self._inquiry is not None:
            asking = asyncio.run_coroutine_threadsafe(self._inquiry.ask(), self._loop)
            with suppress(TimeoutError):
                self._report = asking.result(2 * PATIENCE) or self._report
        return self._report


def _told(figures: Figures, report: Report | None, began: float) -> Any:  # noqa: ANN401
    """Return all figures in OpenTelemetry's form."""
    from opentelemetry.sdk.metrics import export  # noqa: PLC0415
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415

    from snake.metrics.exposition import known, metrics  # noqa: PLC0415

    found = metrics(known(figures, report, began))
    sent = list(_translated(found, round(began * _NANOSECONDS)))
    scope = export.ScopeMetrics(InstrumentationScope("snake.metrics", __version__), sent, "")
    return export.MetricsData([export.ResourceMetrics(resource(), [scope], "")])


def _translated(found: Sequence[Metric], began: int) -> Iterator[Sent]:
    from opentelemetry.sdk.metrics import export  # noqa: PLC0415

    now = time.time_ns()
    cumulative = export.AggregationTemporality.CUMULATIVE
    for metric in found:
        if metric.type == "histogram":
            points = [_histogram_point(samples, began, now) for samples in _series(metric)]
            data: Any = export.Histogram(points, cumulative)
        else:
            values = [
                export.NumberDataPoint(sample.labels, began, now, float(sample.value))
                for sample in metric.samples
            ]
            counts = metric.type == "counter"
            data = (
                export.Sum(values, cumulative, is_monotonic=True)
                if counts
                else export.Gauge(values)
            )
        name = metric.samples[0].name if metric.type == "counter" else metric.name
        yield export.Metric(name, metric.documentation, "", data)


def _series(metric: Metric) -> list[list[Any]]:
    """Return the samples of a histogram, those of the same labels together."""
    found: dict[tuple[tuple[str, str], ...], list[Any]] = {}
    for sample in metric.samples:
        labels = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
        found.setdefault(labels, []).append(sample)
    return list(found.values())


def _histogram_point(samples: Sequence[Any], began: int, now: int) -> Any:  # noqa: ANN401
    from opentelemetry.sdk.metrics import export  # noqa: PLC0415

    buckets = [sample for sample in samples if sample.name.endswith("_bucket")]
    totals = [0, *(int(sample.value) for sample in buckets)]
    bounds = [float(sample.labels["le"]) for sample in buckets[:-1]]
    (whole,) = [sample for sample in samples if sample.name.endswith("_sum")]
    return export.HistogramDataPoint(
        attributes=whole.labels,
        start_time_unix_nano=began,
        time_unix_nano=now,
        count=totals[-1],
        sum=whole.value,
        bucket_counts=[after - before for before, after in pairwise(totals)],
        explicit_bounds=bounds,
        min=None,  # type: ignore[arg-type]  # nobody knows, and neither does Prometheus
        max=None,  # type: ignore[arg-type]
    )
