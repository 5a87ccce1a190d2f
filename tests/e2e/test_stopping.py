"""The end of a server with an app in it: grace, force, and the app's own shutdown."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.server import Server, running

pytestmark = pytest.mark.slow

APP = """
import asyncio, os, pathlib

here = pathlib.Path(__file__).parent

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        (here / f"shutdown.{os.getpid()}").touch()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun ", "more_body": True})
    while not (here / "finish").exists():
        await asyncio.sleep(0.02)
    await send({"type": "http.response.body", "body": b"finished"})
"""


def site(options: str = "") -> str:
    """Return a Caddyfile for the app."""
    return f"""{{
        admin off
        {options}
    }}
    http://127.0.0.1:PORT {{
        python {{
            module_asgi main:app
            lifespan on
            workers 1
        }}
    }}
    """


@contextmanager
def request_under_way(server: Server) -> Iterator[list[str]]:
    """Begin a request that takes as long as it is let; its result is added to the list."""
    result: list[str] = []
    begun = threading.Event()

    def get() -> None:
        try:
            with httpx.stream("GET", server.url, timeout=20) as response:
                parts = []
                for part in response.iter_text():
                    begun.set()
                    parts.append(part)
            result.append("".join(parts))
        except httpx.HTTPError as error:
            result.append(type(error).__name__)

    thread = threading.Thread(target=get)
    thread.start()
    assert begun.wait(10)
    yield result
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the app in it."""
    (tmp_path / "main.py").write_text(APP)
    return tmp_path


def test_a_request_under_way_is_finished_and_the_app_shuts_down(folder: Path) -> None:
    """After SIGTERM the request goes on; then lifespan shutdown runs; the code is 0."""
    with running(site(), folder) as server, request_under_way(server) as result:
        server.send(signal.SIGTERM)
        server.wait_for("shutting down")
        (folder / "finish").touch()
        assert server.wait() == 0
    assert result == ["begun finished"]
    assert len(list(folder.glob("shutdown.*"))) == 1


def test_the_grace_period_ends_a_request_that_does_not(folder: Path) -> None:
    """A request that outlives `grace_period` is cut; shutdown still runs; the code is 0."""
    with running(site("grace_period 300ms"), folder) as server, request_under_way(server) as result:
        server.send(signal.SIGINT)
        assert server.wait() == 0
    assert result in (["RemoteProtocolError"], ["ReadError"])
    assert len(list(folder.glob("shutdown.*"))) == 1


def test_a_worker_that_gets_a_sigterm_is_replaced_and_finishes_its_request(folder: Path) -> None:
    """SIGTERM to one worker drains it, as a service manager may do; another takes its place."""
    with running(site(), folder) as server, request_under_way(server) as result:
        os.kill(server.workers()[0], signal.SIGTERM)
        (folder / "finish").touch()
        assert server.wait_for("worker died; starting another")["reason"] == "exit code 0"
        server.wait_for("worker started")
        assert httpx.get(server.url).text == "begun finished"
    assert result == ["begun finished"]
