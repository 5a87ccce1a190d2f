"""Figures and spans as the OpenTelemetry Collector itself takes them.

`OTELCOL` names one that has the OTLP receiver and the file exporter, such as `otelcol-contrib`;
without it this is left out. The other tests have a collector of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server import free_port, running

COLLECTOR = shutil.which(os.environ.get("OTELCOL", "otelcol-contrib")) or ""
CONFIG = """
receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:PORT
exporters:
  file:
    path: FILE
    flush_interval: 100ms
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    metrics:
      receivers: [otlp]
      exporters: [file]
    traces:
      receivers: [otlp]
      exporters: [file]
"""
SITE = """{
	admin off
	metrics {
		otlp
	}
}
http://127.0.0.1:PORT {
	tracing {
		span web
	}
	respond hello
}
"""

pytestmark = pytest.mark.skipif(not COLLECTOR, reason="there is no collector of OpenTelemetry")


@contextmanager
def collecting(folder: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """Run a collector; the value is the environment that leads to it, and what it writes."""
    port, out = free_port(), folder / "told.json"
    config = folder / "collector.yaml"
    config.write_text(CONFIG.replace("PORT", str(port)).replace("FILE", str(out)))
    with subprocess.Popen([COLLECTOR, "--config", f"file:{config}"], stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        assert any(b"Everything is ready" in line for line in run.stderr)
        yield {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}, out
        run.terminate()


def told(out: Path) -> list[dict[str, Any]]:
    """Return what the collector has written until now."""
    lines = out.read_text().splitlines() if out.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def test_it_takes_figures_and_spans(tmp_path: Path) -> None:
    """Figures have their names, sums, labels and one beginning; each request is a span."""
    with collecting(tmp_path) as (environment, out):
        often = environment | {
            "OTEL_METRIC_EXPORT_INTERVAL": "200",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        with running(SITE, tmp_path, env=often) as server:
            for _ in range(7):
                httpx.get(server.url)
            began = time.time()
        time.sleep(0.5)
    found = told(out)

    spans = [
        span["name"]
        for each in found
        for resource in each.get("resourceSpans", ())
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    last = [each for each in found if "resourceMetrics" in each][-1]
    (scope,) = last["resourceMetrics"][0]["scopeMetrics"]
    figures = {each["name"]: each for each in scope["metrics"]}
    (point,) = figures["snake_site_requests_total"]["sum"]["dataPoints"]
    labels = {each["key"]: each["value"]["stringValue"] for each in point["attributes"]}
    assert spans == ["web"] * 7
    assert point["asDouble"] == 7
    assert labels == {"server": "srv0", "site": "127.0.0.1", "status": "2xx"}
    assert int(point["startTimeUnixNano"]) / 1e9 < began
    assert figures["snake_site_requests_total"]["sum"]["isMonotonic"]
    assert "histogram" in figures["snake_site_request_duration_seconds"]
    assert "gauge" in figures["snake_workers"]
