"""Figures of several workers, one of which dies, of apps, and of what the supervisor knows."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copy

import httpx
import pytest
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
	handle /worker/* {
		uri strip_prefix /worker
		python {
			module_wsgi counted_app:app
			workers 2
		}
	}
	handle /pool/* {
		uri strip_prefix /pool
		python {
			module_wsgi counted_app:app
			workers 1
			threads 1
			working_dir apart
		}
	}
	handle /again/* {
		uri strip_prefix /again
		python {
			module_wsgi counted_app:app
			workers 1
			autoreload
		}
	}
	handle {
		respond {system.wd}
	}
	log {
		output file full.log
	}
}
"""
SERVER = 'server="srv0",site="127.0.0.1"'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an app in its workers, one in a pool, and the first there once more."""
    folder = tmp_path_factory.mktemp("metrics")
    for each in (folder, folder / "apart"):
        each.mkdir(exist_ok=True)
        copy(Path(__file__).parent / "counted_app.py", each)
    (folder / "full.log").symlink_to("/dev/full")
    with running(SITE, folder) as server:
        yield server


def samples(server: Server) -> dict[str, float]:
    """Return all samples, as they stand in the text; each request is a connection of its own."""
    text = httpx.get(f"{server.url}/metrics").text
    return {
        _key(sample.name, sample.labels): sample.value
        for family in parse(text)
        for sample in family.samples
    }


def _key(name: str, labels: dict[str, str]) -> str:
    told = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{told}}}" if told else name


def total(found: dict[str, float], name: str) -> float:
    """Return the sum of all samples of a name."""
    return sum(value for key, value in found.items() if key.partition("{")[0] == name)


def test_apps_are_counted(server: Server) -> None:
    """Of each app there are requests, errors and times, wherever it runs."""
    for path in ("worker/a", "worker/b", "worker/wait", "pool/a", "pool/b", "again/a"):
        assert httpx.get(f"{server.url}/{path}").text.startswith("/")
    both = ThreadPoolExecutor(2)
    for answer in both.map(httpx.get, [f"{server.url}/pool/wait"] * 2):
        assert answer.text == "/wait"
    both.shutdown()
    for path in ("worker/fail", "pool/fail"):
        assert httpx.get(f"{server.url}/{path}").status_code == 500
    found = samples(server)

    for folder, place, count, processes in (("", "workers", 4, 2), ("apart", "pool", 5, 1)):
        app = f'app="counted_app:app",place="{place}",working_dir="{folder}"'
        assert found[f"snake_app_requests_total{{{_and(app, 'status', '2xx')}}}"] == count - 1
        assert found[f"snake_app_requests_total{{{_and(app, 'status', '5xx')}}}"] == 1
        assert found[f"snake_app_errors_total{{{app}}}"] == 1
        assert found[f"snake_app_requests_in_flight{{{app}}}"] == 0
        assert found[f"snake_app_request_duration_seconds_count{{{app}}}"] == count
        assert found[f"snake_app_processes{{{app}}}"] == processes
    own = 'app="counted_app:app",place="workers",working_dir=""'
    again = own.replace("workers", "pool")
    apart = 'app="counted_app:app",working_dir="apart"'
    assert found[f"snake_app_request_duration_seconds_count{{{again}}}"] == 1
    assert found[f"snake_app_request_duration_seconds_sum{{{own}}}"] >= 0.5
    assert found[f"snake_app_queue_wait_seconds_count{{{own}}}"] == 4
    assert found[f"snake_app_queue_wait_seconds_sum{{{own}}}"] < 0.5
    assert found[f"snake_pool_processes{{{apart}}}"] == 1
    assert found[f"snake_pool_queue_wait_seconds_count{{{apart}}}"] == 5
    assert 0.1 < found[f"snake_pool_queue_wait_seconds_sum{{{apart}}}"] < 5
    assert found[f"snake_pool_rejections_total{{{apart}}}"] == 0
    started = _and(apart, "cause", "loaded")
    assert found[f"snake_pool_starts_total{{{started}}}"] == 1
    assert found[f'snake_site_requests_total{{{SERVER},status="5xx"}}'] == 2
    assert found[f'snake_site_requests_total{{{SERVER},status="2xx"}}'] == 8
    assert found[f"snake_site_requests_in_flight{{{SERVER}}}"] == 1


def _and(app: str, label: str, value: str) -> str:
    """Return the labels of an app with one more, which is the last but one in the alphabet."""
    return f'{label}="{value}",working_dir='.join(app.rsplit("working_dir=", 1))


def test_worker_that_dies_has_counted(server: Server) -> None:
    """All workers' requests are counted, and still are when one is killed and replaced."""
    workers = server.workers()
    for _ in range(40):
        assert httpx.get(server.url).status_code == 200
    before = samples(server)
    os.kill(workers[0], signal.SIGKILL)
    server.wait_for("worker started")
    after = samples(server)
    for _ in range(10):
        httpx.get(server.url)
    last = samples(server)

    # A look is counted after its answer: it may have been the killed worker's last.
    counts = [total(each, "caddy_http_requests_total") for each in (before, after, last)]
    assert counts[1] in (counts[0], counts[0] + 1)
    assert counts[2] == counts[1] + 11
    assert total(last, "caddy_http_requests_in_flight") == 1
    assert last['snake_worker_starts_total{cause="died",worker="0"}'] == 1
    assert last['snake_worker_up{worker="0"}'] == 1
    assert last['snake_workers{state="serving"}'] == 2
    assert last['snake_worker_resident_memory_bytes{worker="1"}'] > 1e6
    assert last['snake_worker_event_loop_lag_seconds_count{worker="1"}'] > 0
    assert total(last, "snake_log_lines_lost_total") > 0


def test_reloads_are_told_and_lose_no_count(server: Server) -> None:
    """Counts go on through reloads; one that fails is told as such, and as when it succeeded."""
    file = server.folder / "Caddyfile"
    before = samples(server)
    file.write_text(f"{file.read_text()}\n# another one\n")
    server.send(signal.SIGUSR1)
    server.wait_for("reloaded the configuration")
    after = samples(server)
    file.write_text("{")
    server.send(signal.SIGUSR1)
    server.wait_for("cannot reload the configuration; the old one goes on")
    failed = samples(server)

    used = "process_cpu_seconds_total"
    assert 0 < before[used] <= after[used] <= failed[used]
    for name in ("caddy_http_requests_total", "snake_site_requests_total"):
        assert total(after, name) == total(before, name) + 1
    name = "snake_app_requests_total"
    assert total(after, name) == total(before, name) > 0
    assert after["snake_reload_attempts_total"] == 1
    assert after["snake_reload_failures_total"] == 0
    assert after["snake_reload_last_duration_seconds"] > 0
    assert after["caddy_config_last_reload_successful"] == 1
    assert after['snake_worker_starts_total{cause="loaded",worker="0"}'] == 2
    moment = "caddy_config_last_reload_success_timestamp_seconds"
    assert after[moment] > before[moment]
    assert failed["caddy_config_last_reload_successful"] == 0
    assert failed["snake_reload_failures_total"] == 1
    assert failed[moment] == after[moment]
