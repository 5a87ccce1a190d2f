"""What several workers know of upstreams, they know together."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.server import Server, running

MANY = 30
"""Requests, each on a connection of its own, of which every worker gets some."""


class Upstream:
    """An upstream that answers when it may, and counts what it is asked."""

    def __init__(self) -> None:
        self.address = ""
        self.status = 200
        self.asked: list[str] = []
        self.arrived = threading.Semaphore(0)
        self.may_answer = threading.Event()
        self.may_answer.set()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.asked.append(handler.path)
        if handler.path == "/held":
            self.arrived.release()
            self.may_answer.wait(20)
        handler.send_response(self.status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Run an upstream."""
    found = Upstream()

    class Handler(BaseHTTPRequestHandler):
        """Leaves all to the upstream."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer."""
            found.answer(self)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        found.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            found.may_answer.set()
            server.shutdown()
            thread.join()


@contextmanager
def proxying(folder: Path, up: Upstream, options: str) -> Iterator[Server]:
    """Serve a proxy with several workers."""
    site = f"""{{
        admin off
    }}
    http://127.0.0.1:PORT {{
        reverse_proxy {up.address} {{
            {options}
        }}
    }}
    """
    with running(site, folder) as server:
        if len(server.workers()) == 1:
            pytest.skip("a machine with one processor has one worker")
        yield server


def statuses(server: Server, count: int = MANY) -> set[int]:
    """Ask often, and return the statuses that came."""
    return {httpx.get(server.url, timeout=20).status_code for _ in range(count)}


def test_one_worker_checks_health_for_all(tmp_path: Path) -> None:
    """An upstream is asked once, however many workers there are, and all of them know."""
    with (
        upstream() as up,
        proxying(tmp_path, up, "health_uri /health\n health_interval 1h") as server,
    ):
        assert statuses(server) == {200}
        assert up.asked.count("/health") == 1
    (tmp_path / "sick").mkdir()
    with upstream() as up:
        up.status = 500
        options = "health_uri /health\n health_interval 100ms"
        with proxying(tmp_path / "sick", up, options) as server:
            server.wait_for("host is down")
            assert statuses(server) == {503}
            up.status = 200
            server.wait_for("host is up")
            assert statuses(server) == {200}


def test_a_failure_counts_for_all(tmp_path: Path) -> None:
    """What one worker has seen, the others need not see."""
    with (
        upstream() as up,
        proxying(tmp_path, up, "fail_duration 1h\n unhealthy_status 502") as server,
    ):
        assert statuses(server) == {200}
        up.status = 502
        assert statuses(server, 1) == {502}
        up.status = 200
        assert statuses(server) == {503}


def test_limits_are_those_of_the_server(tmp_path: Path) -> None:
    """`unhealthy_request_count` is how many requests an upstream gets at once, from all workers.

    Those of a worker that is killed count no longer.
    """
    with (
        upstream() as up,
        proxying(tmp_path, up, "unhealthy_request_count 3") as server,
        ThreadPoolExecutor(3) as pool,
    ):
        up.may_answer.clear()
        held = [pool.submit(httpx.get, f"{server.url}/held", timeout=20) for _ in range(3)]
        for _ in held:
            assert up.arrived.acquire(timeout=20)
        assert statuses(server) == {503}
        up.may_answer.set()
        assert {each.result().status_code for each in held} == {200}
        assert statuses(server) == {200}

        up.may_answer.clear()
        held = [pool.submit(httpx.get, f"{server.url}/held", timeout=20) for _ in range(3)]
        for _ in held:
            assert up.arrived.acquire(timeout=20)
        workers = server.workers()
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        server.wait_for("worker started", count=len(workers))
        assert statuses(server) == {200}
        assert all(isinstance(each.exception(), httpx.TransportError) for each in held)
