"""Apps: what is counted of each Python app, of its pool, and of the event loops they run in."""

from __future__ import annotations

from snake.metrics.figures import Figures
from snake.metrics.histogram import Histogram
from snake.metrics.sites import CLASSES, SECONDS

APP, POOL, LOOP, CPU = "app", "pool", "loop", "cpu"
"""Kinds of figures. The labels of the first two are the app and its folder, as they are written,
and for the first where it runs; that of the third is the number of the worker. The last has none:
it is of all processes."""
IN_WORKERS, IN_POOL = "workers", "pool"
"""Where an app runs."""

IN_FLIGHT, ERRORS, FIRST_CLASS = range(3)
"""The numbers of an app, in front of the classes of statuses (`sites.CLASSES`) and histograms."""
APP_DURATION = Histogram(
    "snake_app_request_duration_seconds",
    "How long the app had requests: until the response was complete.",
    SECONDS,
    FIRST_CLASS + len(CLASSES),
)
APP_WAIT = Histogram(
    "snake_app_queue_wait_seconds",
    "How long requests to a WSGI app in a worker waited for a thread.",
    SECONDS,
    APP_DURATION.end,
)

BUSY, REJECTED = range(2)
"""The numbers of a pool, in front of its histogram."""
POOL_WAIT = Histogram(
    "snake_pool_queue_wait_seconds",
    "How long requests waited for a process of the pool, and in it for a thread of a WSGI app.",
    SECONDS,
    REJECTED + 1,
)

LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
LOOP_LAG = Histogram(
    "snake_worker_event_loop_lag_seconds",
    "How much later than due an event loop came to something, looked at once a second.",
    LAGS,
    0,
)


def of_app(figures: Figures, name: str, folder: str, place: str) -> memoryview[float]:
    """Return the numbers of an app that runs in a place: the same may run in both."""
    return figures.series((APP, name, folder, place), APP_WAIT.end, gauges=1)


def of_pool(figures: Figures, name: str, folder: str) -> memoryview[float]:
    """Return the numbers of an app's pool."""
    return figures.series((POOL, name, folder), POOL_WAIT.end, gauges=1)


def of_loop(figures: Figures, worker: int) -> memoryview[float]:
    """Return the numbers of a worker's event loop."""
    return figures.series((LOOP, str(worker)), LOOP_LAG.end)


def of_process(figures: Figures) -> memoryview[float]:
    """Return the numbers of a worker's process: the seconds of CPU time that it has used."""
    return figures.series((CPU,), 1)
