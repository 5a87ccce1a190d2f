"""What a run found: one row for each contender in each round, and their medians."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from load import Load


@dataclass(frozen=True, slots=True)
class Row:
    """One contender in one round, or the median of its rounds."""

    rate: float
    """Requests a second."""
    mean: float
    """Milliseconds, as are the next two."""
    p50: float
    p99: float
    start: float
    """Milliseconds from the start of its processes to its first answer."""
    memory: float
    """MiB of its whole process tree, right after the load."""
    cpu: float
    """Microseconds of CPU that a request takes all its processes together."""
    errors: int
    """All of them in one round; in a median, the sum of the rounds."""


Key = tuple[str, str]
"""The names of a work and of a contender."""
Runs = dict[Key, list[Row]]
Medians = dict[str, dict[str, Row]]
"""By work, then by contender."""


def row(load: Load, start: float, memory: float, cpu: float) -> Row:
    """Put together what was measured in one round; `start` and `cpu` in seconds."""
    each = cpu / load.answers * 1e6 if load.answers else 0.0
    return Row(load.rate, load.mean, load.p50, load.p99, start * 1e3, memory, each, load.errors)


def medians(runs: Runs) -> Medians:
    """Return the median of each number over the rounds."""
    found: Medians = defaultdict(dict)
    for (work, contender), rows in runs.items():
        found[work][contender] = _median(rows)
    return dict(found)


def _median(rows: Sequence[Row]) -> Row:
    return Row(
        rate=median(each.rate for each in rows),
        mean=median(each.mean for each in rows),
        p50=median(each.p50 for each in rows),
        p99=median(each.p99 for each in rows),
        start=median(each.start for each in rows),
        memory=median(each.memory for each in rows),
        cpu=median(each.cpu for each in rows),
        errors=sum(each.errors for each in rows),
    )
