"""Apps that do not answer: they are replaced, and nothing that they have is lost."""

from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path

import httpx
import pytest

from tests.e2e.apps import WAYS, app_running, end, is_there, pid, title, until

pytestmark = pytest.mark.slow

APP = """
import asyncio, os, re, time

async def app(scope, receive, send):
    await receive()
    what, _, how = scope["path"][1:].partition("/")
    if what == "compute":
        compute(float(how))
    elif what == "pattern":
        re.match("(a+)+$", "a" * int(how) + "b")
    elif what == "debug":
        breakpoint()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})

def compute(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))
"""


@pytest.mark.parametrize("way", WAYS)
def test_an_app_that_computes_too_long_is_replaced_and_loses_nothing(
    tmp_path: Path, way: str
) -> None:
    """Another process answers while the first computes; that one then answers and ends."""
    with app_running(tmp_path, way, APP) as server:
        first = pid(server)
        answers: list[httpx.Response] = []
        slow = threading.Thread(
            target=lambda: answers.append(httpx.get(f"{server.url}/compute/9", timeout=30))
        )
        slow.start()
        blocked = server.wait_for("event loop is blocked; nothing else is answered meanwhile")
        assert blocked["in"].startswith("compute (main.py:")
        assert "in app\n" in blocked["stacktrace"]
        told = server.wait_for(f"{title(way)} does not answer; starting another beside it")
        assert (told["pid"], told["reason"]) == (first, "its event loop is blocked")
        server.wait_for(f"{title(way)} started")
        assert not answers
        second = pid(server)
        assert second != first
        slow.join()
        assert int(answers[0].text) == first
        assert server.wait_for("event loop goes on")["seconds"] > 4
        until(lambda: not is_there(first))
        assert pid(server) == second


@pytest.mark.parametrize("way", WAYS)
def test_a_stopped_process_does_not_hold_the_site(tmp_path: Path, way: str) -> None:
    """One that a signal stopped is replaced; continued, it finishes what it had, and ends."""
    with app_running(tmp_path, way, APP) as server:
        first = pid(server)
        end(first, signal.SIGSTOP)
        told = server.wait_for(f"{title(way)} does not answer; starting another beside it")
        assert told["reason"] == "it was stopped by a signal"
        second = pid(server, 30)
        assert second != first
        assert is_there(first)
        end(first, signal.SIGCONT)
        until(lambda: not is_there(first))
        assert pid(server) == second


def test_a_process_that_stays_stopped_is_killed(tmp_path: Path) -> None:
    """When the grace period is over, what is left of a replaced process is ended by force."""
    with app_running(tmp_path, "embedded", APP, options="grace_period 1s") as server:
        first = pid(server)
        end(first, signal.SIGSTOP)
        server.wait_for("worker started")
        server.wait_for("worker does not end; killing it")
        until(lambda: not is_there(first))
        assert pid(server) != first


def test_a_server_with_a_stopped_worker_can_be_stopped(tmp_path: Path) -> None:
    """A worker that cannot hear that it should end does not keep the server from ending."""
    with app_running(tmp_path, "embedded", APP, options="grace_period 1s") as server:
        end(pid(server), signal.SIGSTOP)
        assert server.stop() == 0


def test_a_loop_that_is_held_up_in_c_is_found_out_as_well(tmp_path: Path) -> None:
    """A regular expression that never ends keeps the interpreter's lock: the worker is replaced."""
    with app_running(tmp_path, "embedded", APP, options="grace_period 1s") as server:
        first = pid(server)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{server.url}/pattern/60", timeout=60)
        told = server.wait_for("worker does not answer; starting another beside it")
        assert told["reason"] == "it is held up in C code, or starved"
        assert 'main.py", line 10 in app' in told["stacktrace"]
        assert pid(server) != first


def test_an_app_in_a_debugger_is_left_alone(tmp_path: Path) -> None:
    """`breakpoint()` may take as long as it takes: the worker is not replaced."""
    with app_running(tmp_path, "embedded", APP, stdin=subprocess.PIPE) as server:
        first = pid(server)
        answers: list[httpx.Response] = []
        held = threading.Thread(
            target=lambda: answers.append(httpx.get(f"{server.url}/debug", timeout=30))
        )
        held.start()
        held.join(7)
        assert "event loop" not in server.log
        assert "does not answer" not in server.log
        assert server.process.stdin is not None
        with server.process.stdin as terminal:
            terminal.write("continue\n")
        held.join()
        assert int(answers[0].text) == first
