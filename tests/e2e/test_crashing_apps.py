"""Apps and processes that end as they should not: others go on, and what died comes back."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import httpx
import pytest

from tests.e2e.apps import WAYS, app_running, end, is_there, pid, title, until
from tests.e2e.load import ask_many
from tests.server import Server

pytestmark = pytest.mark.slow

APP = """
import ctypes, os, signal, sys, threading, time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/exit":
        sys.exit(3)
    elif path == "/_exit":
        os._exit(3)
    elif path == "/thread":
        thread = threading.Thread(target=sys.exit)
        thread.start()
        thread.join()
    elif path == "/segfault":
        ctypes.string_at(0)
    elif path == "/abort":
        os.abort()
    elif path == "/deep":
        sys.setrecursionlimit(10 ** 9)
        exec("def f(): f()\\nf()", {})
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
"""

STUBBORN = """
import os, signal, threading, time

def sleep():
    while True:
        time.sleep(60)

threading.Thread(target=sleep).start()

async def app(scope, receive, send):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("path", "reason"),
    [("/_exit", "exit code 3"), ("/segfault", "signal SIGSEGV"), ("/abort", "signal SIGABRT")],
)
def test_an_app_that_ends_its_process_has_another(
    tmp_path: Path, way: str, path: str, reason: str
) -> None:
    """The request fails, the log says how the process ended, and the next request is answered."""
    with app_running(tmp_path, way, APP, kind="wsgi") as server:
        first = pid(server)
        if way == "pooled":
            assert httpx.get(server.url + path, timeout=20).status_code == 502
            assert httpx.get(f"{server.url}/first", timeout=20).text == "first"
        else:
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                httpx.get(server.url + path, timeout=20)
        assert pid(server, 20) != first
        assert server.wait_for(f"{title(way)} died; starting another")["reason"] == reason


@pytest.mark.parametrize("way", WAYS)
def test_an_exit_of_python_ends_only_its_request(tmp_path: Path, way: str) -> None:
    """`sys.exit` in an app is a 500, in a thread of its own nothing; the process goes on."""
    with app_running(tmp_path, way, APP, kind="wsgi") as server:
        first = pid(server)
        assert httpx.get(f"{server.url}/exit", timeout=20).status_code == 500
        assert httpx.get(f"{server.url}/thread", timeout=20).text == str(first)
        assert pid(server) == first


@pytest.mark.parametrize("way", WAYS)
async def test_a_process_killed_under_load_costs_only_what_it_was_answering(
    tmp_path: Path, way: str
) -> None:
    """Of thousands of requests on ten connections not more fail than there are connections."""
    with app_running(tmp_path, way, APP, kind="wsgi", workers=2) as server:
        asking = asyncio.create_task(ask_many(server.port, 3000, 10))
        await asyncio.sleep(0.5)
        killed = (await asyncio.to_thread(pid, server)) if way == "pooled" else server.workers()[0]
        end(killed)
        answers = await asking
        assert answers.total() == 3000
        assert answers["failed"] <= 10
        server.wait_for(f"{title(way)} started")
        again = await ask_many(server.port, 100, 10)
        assert again["failed"] == 0
        assert str(killed) not in again


def test_a_host_that_is_killed_comes_back_with_its_processes(tmp_path: Path) -> None:
    """When what a pool's processes are forked from dies, the app is back soon; others go on."""
    with app_running(tmp_path, "pooled", APP, kind="wsgi") as server:
        first = pid(server)
        [host] = children(server, "snake-pool")
        end(host)
        until(lambda: not is_there(first))
        assert httpx.get(f"{server.url}/first", timeout=20).text == "first"
        server.wait_for("app process started")
        assert pid(server, 20) != first
        assert children(server, "snake-pool") != [host]


def test_no_process_of_a_pool_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    """After a SIGKILL of the supervisor, the host and the processes of a pool end as well."""
    with app_running(tmp_path, "pooled", APP, kind="wsgi") as server:
        others = [pid(server), *children(server, "snake-pool"), *server.workers()]
        server.send(signal.SIGKILL)
        until(lambda: not any(map(is_there, others)))


def test_what_a_killed_server_left_behind_is_removed_by_the_next(tmp_path: Path) -> None:
    """The sockets of a server that was killed are gone when another has started."""
    folders = Path(mkdtemp(prefix="t-"))
    env = {"TMPDIR": str(folders)}
    with app_running(tmp_path, "pooled", APP, kind="wsgi", env=env) as server:
        assert pid(server)
        [stale] = folders.glob("snake-*/run-*")
        server.send(signal.SIGKILL)
        server.wait()
    with app_running(tmp_path, "pooled", APP, kind="wsgi", env=env) as server:
        assert pid(server)
        [other] = folders.glob("snake-*/run-*")
        assert other != stale
    assert not list(folders.glob("snake-*/run-*"))
    rmtree(folders)


def test_a_folder_with_too_long_a_name_is_not_taken_for_sockets(tmp_path: Path) -> None:
    """Unix sockets have short names (107 bytes): with a long `TMPDIR` they are in /tmp."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    with app_running(tmp_path, "pooled", APP, kind="wsgi", env={"TMPDIR": str(deep)}) as server:
        assert pid(server)
        assert not list(deep.glob("snake-*"))


@pytest.mark.parametrize("way", WAYS)
def test_an_app_that_ignores_every_signal_ends_all_the_same(tmp_path: Path, way: str) -> None:
    """Neither handlers of its own nor a thread that never ends keep the server from stopping."""
    with app_running(tmp_path, way, STUBBORN) as server:
        process = pid(server)
        assert server.stop() == 0
        assert not is_there(process)


def children(server: Server, name: str) -> list[int]:
    """Return the supervisor's own processes of a name."""
    pids = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return [int(each) for each in pids if Path(f"/proc/{each}/comm").read_text().strip() == name]


def answers(server: Server) -> bool:
    """Whether the app answers within a second."""
    try:
        return httpx.get(server.url, timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def parent(process: int) -> int:
    """Return the process that a process was forked from."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_pool_whose_process_and_zygote_die_comes_back(tmp_path: Path) -> None:
    """The process is asked for again until there is a zygote that hears it."""
    with app_running(tmp_path, "pooled", APP, kind="wsgi") as server:
        for wait in (0.0, 0.02, 0.05):
            process = pid(server)
            host = parent(process)
            end(process)
            time.sleep(wait)
            end(host)
            until(lambda: answers(server))
        assert server.stop() == 0
    assert "bug in snake" not in server.log
