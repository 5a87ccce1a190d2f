"""Timing: what the buckets of a histogram tell of how long things take."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from snake.metrics.report import Timing


def timing(counts: Sequence[float], total: float, bounds: Sequence[float]) -> Timing:
    """Return what buckets tell: one for each bound, and one for what took longer than all."""
    return Timing(
        count=round(sum(counts)),
        sum=total,
        p50=quantile(0.5, counts, bounds),
        p95=quantile(0.95, counts, bounds),
        p99=quantile(0.99, counts, bounds),
        buckets=tuple(map(round, counts)),
    )


def quantile(part: float, counts: Sequence[float], bounds: Sequence[float]) -> float | None:
    """Return the value that such a part of all values does not exceed; `None` without any.

    Within a bucket they are taken to be spread evenly, as in Prometheus' `histogram_quantile`. What
    took longer than all bounds took as long as the last.
    """
    wanted = part * sum(counts)
    if not wanted:
        return None
    sums = list(accumulate(counts))
    index = bisect_left(sums, wanted)
    if index >= len(bounds):
        return bounds[-1]
    start = bounds[index - 1] if index else 0.0
    share = (wanted - (sums[index] - counts[index])) / counts[index]
    return start + (bounds[index] - start) * share
