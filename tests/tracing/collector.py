"""A collector of spans and figures: OTLP over HTTP, on a port of its own."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """One span that has arrived."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    failed: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]


class Collector:
    """What has arrived until now."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.spans: list[Span] = []
        self.paths: set[str] = set()
        self.figures: list[dict[str, float]] = []
        """What each message has told, by name and labels."""
        self._news = threading.Condition()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that send everything here, at once."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_BSP_SCHEDULE_DELAY": "50",
            "OTEL_METRIC_EXPORT_INTERVAL": "50",
            "OTEL_SERVICE_NAME": "tested",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
        }

    def take(self, path: str, body: bytes) -> None:
        """Take a message."""
        with self._news:
            self.paths.add(path)
            if path == "/v1/metrics":
                self.figures.append(_figures(ExportMetricsServiceRequest.FromString(body)))
            else:
                self.spans += _spans(ExportTraceServiceRequest.FromString(body))
            self._news.notify_all()

    def wait_for_figure(self, name: str, value: float, limit: float = 20) -> dict[str, float]:
        """Return the figures when this one has this value."""
        with self._news:
            assert self._news.wait_for(
                lambda: bool(self.figures) and self.figures[-1].get(name) == value, limit
            ), self.figures[-1:]
            return self.figures[-1]

    def wait_for(self, count: int, limit: float = 20) -> list[Span]:
        """Return the spans when so many are there."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.spans) >= count, limit), self.spans
            return list(self.spans)


def _spans(message: Any) -> Iterator[Span]:
    for of_resource in message.resource_spans:
        resource = _attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield Span(
                    span.name,
                    span.kind,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.status.code == 2,
                    _attributes(span.attributes),
                    resource,
                )


def _figures(message: Any) -> dict[str, float]:
    """Return the values of numbers, and of histograms count, sum and buckets."""
    found: dict[str, float] = {}
    for of_resource in message.resource_metrics:
        for of_scope in of_resource.scope_metrics:
            for metric in of_scope.metrics:
                data = getattr(metric, metric.WhichOneof("data"))
                for point in data.data_points:
                    labels = sorted(_attributes(point.attributes).items())
                    key = metric.name + "".join(f" {name}={value}" for name, value in labels)
                    if metric.HasField("histogram"):
                        found[f"{key} count"] = point.count
                        found[f"{key} sum"] = point.sum
                        bounds = [*point.explicit_bounds, "inf"]
                        for bound, count in zip(bounds, point.bucket_counts, strict=True):
                            found[f"{key} {bound}"] = count
                    elif not metric.HasField("summary"):
                        found[key] = point.as_double
    return found


def _attributes(pairs: Any) -> dict[str, Any]:
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value")
        for pair in pairs
    }


@contextmanager
def collector() -> Iterator[Collector]:
    """Run a collector."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            found.take(self.path, body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Collector(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
