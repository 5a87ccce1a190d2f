"""Figures that are sent to a collector, by real processes."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.differential.pair import pair
from tests.server import free_port, run, running
from tests.tracing.collector import collector

SITE = """{
	admin off
	metrics {
		otlp
	}
}
http://127.0.0.1:PORT {
	respond hello
}
"""
TOTAL = "caddy_http_requests_total handler=subroute server=srv0"


def test_figures_of_all_workers_are_sent(tmp_path: Path) -> None:
    """One worker sends the sums of all, again and again, and once more at the end."""
    with collector() as there:
        with running(SITE, tmp_path, env=there.environment) as server:
            for count in (1, 20):
                for _ in range(count):
                    httpx.get(server.url)
                there.wait_for_figure(TOTAL, count if count == 1 else 21)
        for told in there.figures:
            assert told["caddy_config_last_reload_successful"] == 1
        last = there.figures[-1]

    labels = "code=200 handler=subroute method=GET server=srv0"
    assert last[f"caddy_http_response_size_bytes {labels} sum"] == 21 * 5
    assert last[f"caddy_http_response_size_bytes {labels} 256.0"] == 21
    assert last[f"caddy_http_request_duration_seconds {labels} count"] == 21
    assert last["caddy_http_requests_in_flight handler=subroute server=srv0"] == 0
    assert "process_resident_memory_bytes" in last
    assert last["snake_site_requests_total server=srv0 site=127.0.0.1 status=2xx"] == 21
    assert last["snake_workers state=serving"] == len(server.workers())


def test_what_is_sent_equals_what_caddy_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, labels, buckets and counts are the same; times are not compared."""
    site = "http://:PORT {\nerror /e 404\nrespond hello\n}\n"
    name = "caddy_http_requests_total handler=static_response server=srv0"
    with collector() as there:
        for variable, value in there.environment.items():
            monkeypatch.setenv(variable, value)
        with pair(site, tmp_path, options="metrics {\notlp\n}") as both:
            for target in ("/", "/x", "/e"):
                both.ask(target, host="example.test")
            there.wait_for_figure(name, 2)
        told = [each for each in there.figures if each.get(name) == 2]

    theirs, ours = (
        {
            key: value
            for key, value in next(each for each in reversed(told) if is_go is _is_go(each)).items()
            if key.startswith("caddy_http") and not ("duration" in key and " count" not in key)
        }
        for is_go in (True, False)
    )
    assert ours == theirs
    assert len(ours) > 30


def _is_go(figures: dict[str, float]) -> bool:
    return "go_goroutines" in figures


def test_dead_collector_hurts_nobody(tmp_path: Path) -> None:
    """Without a collector requests are served as ever, and the end is not far."""
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        "OTEL_METRIC_EXPORT_INTERVAL": "20",
    }
    with running(SITE, tmp_path, env=environment) as server:
        assert {httpx.get(server.url).status_code for _ in range(50)} == {200}
        assert server.stop() == 0

    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"OTEL_METRICS_EXPORTER": "smoke"}, "OTEL_METRICS_EXPORTER is 'smoke'"),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "soon"}, "OTEL_METRIC_EXPORT_INTERVAL is 'soon'"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "smoke"}, "OTEL_EXPORTER_OTLP_PROTOCOL is 'smoke'"),
    ],
)
def test_wrong_environment(environment: dict[str, str], message: str, tmp_path: Path) -> None:
    """What the environment asks for and is not there stops the start."""
    (tmp_path / "Caddyfile").write_text(SITE.replace("PORT", "80"))
    done = run("validate", folder=tmp_path, env=environment)

    assert done.returncode == 1
    assert message in done.stderr
