"""`GET /metrics`: all metrics, those of the admin API itself among them.

Source: https://caddyserver.com/docs/metrics.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, Metric

from snake.admin.answer import Answer
from snake.admin.counts import Counts
from snake.admin.endpoint import Endpoint
from snake.admin.request import Request
from snake.metrics.negotiation import content_type, preferred

Text = Callable[[str, Iterable[Metric]], bytes]
"""Returns all metrics as text of a version of OpenMetrics, or Prometheus', with some more."""

_HANDLER = "admin"


def endpoints(text: Text, counts: Counts) -> tuple[Endpoint, ...]:
    """Return the endpoint of all metrics; `counts` are those of the API."""

    async def metrics(request: Request) -> Answer:
        version = preferred(",".join(request.headers.get("accept", ())))
        body = text(version, families(counts))
        fields = [("Content-Type", content_type(version))]
        if "gzip" in request.header("accept-encoding"):
            body = gzip.compress(body, 6)
            fields.append(("Content-Encoding", "gzip"))
        return Answer(200, tuple(fields), body)

    return (Endpoint("/metrics", metrics),)


def families(counts: Counts) -> Iterator[Metric]:
    """Yield what the API has counted, with Caddy's names."""
    requests = CounterMetricFamily(
        "caddy_admin_http_requests",
        "Counter of requests made to the Admin API's HTTP endpoints.",
        labels=["code", "handler", "method", "path"],
    )
    for (pattern, method, status), count in sorted(counts.requests.items()):
        requests.add_metric([str(status), _HANDLER, method, pattern], count)
    errors = CounterMetricFamily(
        "caddy_admin_http_request_errors",
        "Number of requests resulting in middleware errors.",
        labels=["handler", "method", "path"],
    )
    for (pattern, method), count in sorted(counts.errors.items()):
        errors.add_metric([_HANDLER, method, pattern], count)
    yield from (family for family in (requests, errors) if family.samples)
