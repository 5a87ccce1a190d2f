"""Requests: which figures there are of HTTP requests, with Caddy's names.

Source: https://caddyserver.com/docs/metrics.
"""

from __future__ import annotations

from snake.core.record import Record
from snake.metrics.figures import Figures
from snake.metrics.histogram import Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BYTES = tuple(float(256 * 4**power) for power in range(8))

REQUEST_DURATION = Histogram(
    "caddy_http_request_duration_seconds",
    "Histogram of round-trip request durations.",
    SECONDS,
    0,
)
RESPONSE_DURATION = Histogram(
    "caddy_http_response_duration_seconds",
    "Histogram of times to first byte in response bodies.",
    SECONDS,
    REQUEST_DURATION.end,
)
REQUEST_SIZE = Histogram(
    "caddy_http_request_size_bytes",
    "Total size of the request. Includes body",
    BYTES,
    RESPONSE_DURATION.end,
)
RESPONSE_SIZE = Histogram(
    "caddy_http_response_size_bytes",
    "Size of the returned response.",
    BYTES,
    REQUEST_SIZE.end,
)
HISTOGRAMS = (REQUEST_DURATION, REQUEST_SIZE, RESPONSE_DURATION, RESPONSE_SIZE)

IN_FLIGHT, TOTAL, ERRORS = range(3)
"""The numbers of a route."""

ROUTE, ANSWER = "route", "answer"
"""Kinds of figures: of a route, and of its answers with one status to one method."""


class Labels(Record):
    """Which route it is; `host` only where hosts are told apart."""

    server: str
    handler: str
    host: str | None


def of_route(figures: Figures, labels: Labels) -> memoryview[float]:
    """Return the numbers of a route."""
    key = ROUTE, labels.server, labels.handler, labels.host
    return figures.series(key, 3, gauges=1)


def of_answers(figures: Figures, labels: Labels, code: str, method: str) -> memoryview[float]:
    """Return the numbers of a route's answers with one status to one method."""
    key = ANSWER, labels.server, labels.handler, labels.host, code, method
    return figures.series(key, HISTOGRAMS[-1].end)
