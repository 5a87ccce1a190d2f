"""How a server with requests under way stops: with a real app, in real processes."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.server import Server, environment, running

pytestmark = pytest.mark.slow

SLOW = """
import os, threading

def app(environ, start_response):
    open("asked", "w").close()
    while not os.path.exists("answer"):
        threading.Event().wait(0.01)
    start_response("200 OK", [])
    return [b"whole"]
"""
REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
SITE = "{\n admin off\n grace_period 15s\n}\n:PORT {\n python main:app\n}\n"


def ask(server: Server, text: str = REQUEST) -> socket.socket:
    """Send a request, and return when the app has it."""
    client = socket.create_connection(("127.0.0.1", server.port), 5)
    client.sendall(text.encode())
    end = time.monotonic() + 5
    while not (server.folder / "asked").exists():
        assert time.monotonic() < end, "the app was not asked"
        time.sleep(0.01)
    return client


def answered(server: Server, client: socket.socket) -> bool:
    """Let the app answer, and tell whether the whole answer came."""
    (server.folder / "answer").touch()
    client.settimeout(10)
    answer = b""
    with suppress(ConnectionResetError):
        while more := client.recv(4096):
            answer += more
    return answer.endswith(b"whole")


def refused(port: int, limit: float) -> bool:
    """Whether connections are refused within so many seconds."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            return True
        except OSError:  # it came in the moment in which the sockets were closed
            pass
    return False


def test_a_server_that_stops_refuses_new_connections(tmp_path: Path) -> None:
    """While the last request is answered new connections are refused, at once."""
    (tmp_path / "main.py").write_text(SLOW)
    with running(SITE, tmp_path) as server, ask(server) as client:
        server.send(signal.SIGTERM)
        server.wait_for("shutting down")
        assert refused(server.port, 0.1)
        assert answered(server, client)
        assert server.wait() == 0


@pytest.mark.parametrize(
    "signals",
    [
        (signal.SIGTERM, signal.SIGTERM, signal.SIGTERM),
        (signal.SIGTERM, signal.SIGINT),
        (signal.SIGINT, signal.SIGTERM),
    ],
)
def test_a_second_sigterm_cuts_nothing_off(
    tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    """Neither SIGTERM again nor one SIGINT beside it ends a request before its answer, as in Caddy.

    The code is 0.
    """
    (tmp_path / "main.py").write_text(SLOW)
    with running(SITE, tmp_path) as server, ask(server) as client:
        for number in signals:
            server.send(number)
            server.wait_for("shutting down")
        assert refused(server.port, 5)
        assert answered(server, client)
        assert server.wait() == 0


def test_snake_stop_waits_for_the_end(tmp_path: Path) -> None:
    """It says what is finished first, and returns when the process has ended.

    One SIGINT to the server after it cuts off what hangs.
    """
    (tmp_path / "main.py").write_text(SLOW)
    site = SITE.replace("admin off", f"admin unix/{tmp_path}/sock")
    with running(site, tmp_path) as server, ask(server):
        command = [sys.executable, "-m", "snake", "stop"]
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE, text=True
        ) as stop:
            assert stop.stderr is not None
            assert stop.stderr.readline() == "stopping; 1 request is finished first\n"
            assert stop.poll() is None
            server.send(signal.SIGINT)
            assert stop.wait(10) == 0
        assert server.wait(2) == 2


def insist(server: Server) -> int:
    """Send SIGINT until the server ends: two that come at once are one to a process."""
    for _ in range(50):
        server.send(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return server.wait(0.2)
    raise AssertionError(server.log)


@pytest.mark.parametrize("first", [(), (signal.SIGTERM,)])
def test_a_second_sigint_forces_the_end(tmp_path: Path, first: tuple[signal.Signals, ...]) -> None:
    """Two SIGINTs end the server with code 2 though a request is being answered, as in Caddy."""
    (tmp_path / "main.py").write_text(SLOW)
    with running(SITE, tmp_path) as server, ask(server) as client:
        for number in (*first, signal.SIGINT):
            server.send(number)
            server.wait_for("shutting down")
        assert refused(server.port, 5)
        assert insist(server) == 2
        assert server.wait_for("force quit")["signal"] == "SIGINT"
        assert not answered(server, client)


ENDLESS = """
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("lifespan is shut down", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await pause()
    else:
        await send({"type": "http.response.start", "status": 200})
        while True:
            try:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
            except OSError:
                pass
            await pause()

async def pause():
    open("asked", "w").close()
    while True:
        try:
            await asyncio.sleep(0.05)
            return
        except asyncio.CancelledError:
            pass
"""
WEBSOCKET = (
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

HUNG = """
import threading

def app(environ, start_response):
    open("asked", "w").close()
    threading.Event().wait()
"""


def grace(module: str) -> str:
    """Return a site that waits half a second for its requests."""
    app = f"python {{\n {module} main:app\n lifespan on\n workers 1\n}}"
    return f"{{\n admin off\n grace_period 500ms\n}}\n:PORT {{\n {app}\n}}\n"


def ends_in_time(server: Server) -> bool:
    """Stop the server; whether that was graceful, soon, and left no process."""
    workers = server.workers()
    began = time.monotonic()
    code = server.stop()
    took = time.monotonic() - began
    return code == 0 and took < 9 and not any(Path(f"/proc/{pid}").exists() for pid in workers)


@pytest.mark.parametrize("request_text", [REQUEST, WEBSOCKET])
def test_an_app_that_will_not_end_is_ended(tmp_path: Path, request_text: str) -> None:
    """A stream or WebSocket of an app that ignores everything ends with the grace period.

    Lifespan shutdown runs after that, and the next server starts at once.
    """
    (tmp_path / "main.py").write_text(ENDLESS)
    with running(grace("module_asgi"), tmp_path) as server:
        with ask(server, request_text):
            assert ends_in_time(server)
        assert server.output == "lifespan is shut down\n"
    config = grace("module_asgi").replace("PORT", str(server.port))
    with running(config, tmp_path):
        pass


def test_a_thread_that_will_not_end_is_ended(tmp_path: Path) -> None:
    """A WSGI app that hangs in a request ends with the grace period."""
    (tmp_path / "main.py").write_text(HUNG)
    with running(grace("module_wsgi"), tmp_path) as server, ask(server):
        assert ends_in_time(server)
