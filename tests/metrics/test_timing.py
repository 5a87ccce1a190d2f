"""What buckets tell of times."""

from __future__ import annotations

import pytest

from snake.metrics.timing import quantile, timing

BOUNDS = (0.1, 0.2, 0.4)


@pytest.mark.parametrize(
    ("part", "counts", "expected"),
    [
        (0.5, (10, 0, 0, 0), 0.05),
        (0.5, (0, 10, 0, 0), 0.15),
        (0.95, (50, 50, 0, 0), 0.19),
        (0.99, (0, 0, 0, 4), 0.4),
        (0.5, (0, 0, 0, 0), None),
        (1.0, (1, 0, 1, 0), 0.4),
    ],
)
def test_quantiles(part: float, counts: tuple[int, ...], expected: float | None) -> None:
    """Values are taken to be spread evenly in their bucket, and none is beyond the last bound."""
    assert quantile(part, counts, BOUNDS) == (None if expected is None else pytest.approx(expected))


def test_timing() -> None:
    """All of it is there, for whoever draws it and for whoever reads it."""
    found = timing((1.0, 2.0, 0.0, 1.0), 3.5, BOUNDS)

    assert (found.count, found.sum, found.buckets) == (4, 3.5, (1, 2, 0, 1))
    assert found.p50 == pytest.approx(0.15)
