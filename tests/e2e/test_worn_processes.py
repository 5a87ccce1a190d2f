"""Processes that are replaced because they have done enough: `max_requests` and `max_memory`."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.e2e.apps import WAYS, app_running, is_there, pid, title, until
from tests.e2e.load import ask_many

pytestmark = pytest.mark.slow

APP = """
import os

KEPT = []

async def app(scope, receive, send):
    if scope["path"] == "/leak":
        KEPT.append(b"x" * 30_000_000)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""
WSGI = """
import os

def app(environ, start_response):
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
"""


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
@pytest.mark.parametrize("way", WAYS)
async def test_no_request_is_lost_when_processes_have_served_enough(
    tmp_path: Path, way: str, kind: str
) -> None:
    """Under load several processes follow one another, and each request has its answer."""
    app = APP if kind == "asgi" else WSGI
    with app_running(tmp_path, way, app, "max_requests 50", kind=kind, workers=2) as server:
        answers = await ask_many(server.port, 1500, 10)
        assert answers["failed"] == 0
        assert answers.total() == 1500
        assert len(answers) > 2
        told = server.wait_for(f"{title(way)} is to be replaced; starting another beside it")
        assert told["reason"].endswith("max_requests is 50")
        assert "does not end" not in server.log


@pytest.mark.parametrize("way", WAYS)
def test_a_process_that_has_grown_too_large_is_replaced(tmp_path: Path, way: str) -> None:
    """An app that leaks has another process soon, and the one before ends."""
    with app_running(tmp_path, way, APP, "max_memory 150MB") as server:
        first = pid(server)
        for _ in range(5):
            httpx.get(f"{server.url}/leak")
        told = server.wait_for(f"{title(way)} is to be replaced; starting another beside it")
        assert "of memory, max_memory is 143 MiB" in told["reason"]
        server.wait_for(f"{title(way)} started")
        until(lambda: not is_there(first))
        assert pid(server) != first
        assert server.log.count("is to be replaced") == 1


def test_a_limit_that_is_too_small_for_the_app_does_no_harm(tmp_path: Path) -> None:
    """A process that is too large from the start serves, and is replaced more and more seldom."""
    with app_running(tmp_path, "embedded", APP, "max_memory 1MB") as server:
        server.wait_for("worker is to be replaced; starting another beside it", count=2)
        assert pid(server)
