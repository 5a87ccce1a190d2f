"""Apps that are late: `request_timeout` ends their requests, and others go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.apps import WAYS, app_running, pid, title
from tests.e2e.dynamic import add, ask, serving
from tests.server import Server

pytestmark = pytest.mark.slow

APP = """
import asyncio, os

SEEN = []

async def app(scope, receive, send):
    await receive()
    path = scope["path"]
    start = {"type": "http.response.start", "status": 200, "headers": []}
    if path == "/events":
        start["headers"] = [(b"content-type", b"text/event-stream; charset=utf-8")]
    try:
        if path == "/late":
            await asyncio.sleep(60)
        if path == "/started":
            await send(start)
            await asyncio.sleep(60)
        if path in ("/slow", "/events", "/stuck"):
            await send(start)
            for pause in {"/slow": [0.5] * 4, "/events": [2.0], "/stuck": [0, 60]}[path]:
                await send({"type": "http.response.body", "body": b"part ", "more_body": True})
                await asyncio.sleep(pause)
            return await send({"type": "http.response.body", "body": b"end"})
    except asyncio.CancelledError:
        SEEN.append(path)
        raise
    body = " ".join(SEEN) if path == "/seen" else str(os.getpid())
    await send(start)
    await send({"type": "http.response.body", "body": body.encode()})
"""

WSGI = """
import os, time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/late" or environ["QUERY_STRING"] == "late":
        hang(60)
    if path == "/slow":
        time.sleep(0.8)
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]

def hang(seconds):
    time.sleep(seconds)
"""


@pytest.fixture(params=WAYS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Return a server whose app has a second to make progress."""
    with app_running(tmp_path, request.param, APP, "request_timeout 1s") as running:
        yield running


def test_an_app_that_does_not_begin_its_response_is_a_504_and_cancelled(server: Server) -> None:
    """The client gets a 504, also when only the start was sent; the app's task is cancelled."""
    for path in ("/late", "/started"):
        assert httpx.get(server.url + path, timeout=20).status_code == 504
    for _ in range(100):
        if (seen := httpx.get(f"{server.url}/seen").text) == "/late /started":
            break
        time.sleep(0.05)
    assert seen == "/late /started"
    told = server.wait_for("app is late; its task is cancelled")
    assert (told["app"], told["uri"]) == ("main:app", "/late")
    assert told["in"] == "app (main.py:14)"
    assert told["stacktrace"].startswith(f'  File "{server.folder}/main.py", line 14, in app\n')
    errors = [record for record in server.records if "request_timeout" in str(record.get("error"))]
    assert not errors or "the app main:app does not answer within 1 s" in str(errors[0])


def test_a_response_that_stands_still_is_cut_off(server: Server) -> None:
    """What was sent was sent: the connection ends, and the client can tell."""
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        httpx.get(f"{server.url}/stuck", timeout=20)


def test_a_response_that_goes_on_may_take_longer(server: Server) -> None:
    """Each part of a response has the whole time, and an event stream is never late."""
    assert httpx.get(f"{server.url}/slow", timeout=20).text == "part part part part end"
    assert httpx.get(f"{server.url}/events", timeout=20).text == "part end"


def test_time_that_a_client_takes_for_its_body_is_not_the_apps(server: Server) -> None:
    """An upload may take longer than the app has."""

    def slowly() -> Iterator[bytes]:
        for _ in range(4):
            time.sleep(0.5)
            yield b"x"

    assert httpx.post(server.url, content=slowly(), timeout=20).status_code == 200


@pytest.mark.parametrize("way", WAYS)
def test_a_thread_that_hangs_holds_no_place(tmp_path: Path, way: str) -> None:
    """A WSGI app with two threads answers on when one of them hangs; the log has where."""
    options = "request_timeout 1s\nthreads 2"
    with app_running(tmp_path, way, WSGI, options, kind="wsgi") as server:
        first = pid(server)
        assert httpx.get(f"{server.url}/late", timeout=20).status_code == 504
        told = server.wait_for("app is late; its thread goes on")
        assert (told["app"], told["uri"]) == ("main:app", "/late")
        assert told["in"].startswith("hang (main.py:")
        assert pid(server) == first


@pytest.mark.parametrize("way", WAYS)
def test_a_process_whose_threads_all_hang_is_replaced(tmp_path: Path, way: str) -> None:
    """When as many threads hang as the app may have, another process takes over."""
    options = "request_timeout 1s\nthreads 2"
    with app_running(tmp_path, way, WSGI, options, kind="wsgi") as server:
        first = pid(server)
        for _ in range(2):
            assert httpx.get(f"{server.url}/late", timeout=20).status_code == 504
        told = server.wait_for(f"{title(way)} is to be replaced; starting another beside it")
        assert told["reason"] == "2 of its threads hang"
        server.wait_for(f"{title(way)} started")
        assert pid(server) != first


def test_the_start_of_an_app_that_a_request_chooses_is_not_its_time(tmp_path: Path) -> None:
    """The first request waits for the start, and has its whole time after that."""
    add(tmp_path, "slow", app="import time\ntime.sleep(2)\n" + WSGI)
    with serving(tmp_path, "request_timeout 1s") as server:
        assert ask(server, "slow").status_code == 200
        assert ask(server, "slow", "late").status_code == 504
