"""Figures of several workers, one of which dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.server import Server, running

SITE = """{
	admin off
	metrics
}
http://127.0.0.1:PORT {
	handle /metrics {
		metrics
	}
	handle {
		respond {system.wd}
	}
}
"""


def total(server: Server, name: str) -> float:
    """Return the sum of all samples of a name; each request is a connection of its own."""
    text = httpx.get(f"{server.url}/metrics").text
    return sum(
        sample.value for family in parse(text) for sample in family.samples if sample.name == name
    )


def test_worker_that_dies_has_counted(tmp_path: Path) -> None:
    """All workers' requests are counted, and still are when one is killed and replaced."""
    with running(SITE, tmp_path) as server:
        workers = server.workers()
        for _ in range(40):
            assert httpx.get(server.url).status_code == 200
        before = total(server, "caddy_http_requests_total")
        os.kill(workers[0], signal.SIGKILL)
        server.wait_for("worker started")
        after = total(server, "caddy_http_requests_total")
        in_flight = total(server, "caddy_http_requests_in_flight")
        for _ in range(10):
            httpx.get(server.url)
        last = total(server, "caddy_http_requests_total")

    # The first look is counted after its answer: it may have been the killed worker's last.
    assert before == 40
    assert after in (40, 41)
    assert last == after + 12
    assert in_flight == 1
