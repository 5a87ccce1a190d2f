"""SIGUSR1: another generation takes the place of the one that runs, in real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.server import Server, free_ports, running

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import clients
import reload_ways
from clients import Client, Seen, Style

pytestmark = pytest.mark.slow

APP = """
import os, time

time.sleep(float(os.environ.get("IMPORT", "0")))

async def app(scope, receive, send):
    headers = [(b"x-process", b"%d" % os.getpid()), (b"content-length", b"3")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"one"})
"""
DONE = "reloaded the configuration"
FAILED = "cannot reload the configuration; the old one goes on"
PYTHON = os.path.realpath(sys.executable)
"""The interpreter, by another name than snake's: what names it runs in a pool."""
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def site(workers: int = 2, more: str = "") -> str:
    """Return a site with one app."""
    app = f"python {{\n module_asgi main:app\n workers {workers}\n}}"
    return f"{{\n admin off\n}}\n:PORT {{\n {app}\n}}\n{more}"


def reload(server: Server, config: str | None = None, count: int = 1, told: str = DONE) -> None:
    """Write a configuration, and have it read; return when the log tells how that went."""
    if config is not None:
        text = config.replace("PORT", str(server.port))
        (server.folder / "Caddyfile").write_text(text)
    server.send(signal.SIGUSR1)
    server.wait_for(told, count=count)


def processes(server: Server) -> set[int]:
    """Return all that descend from the supervisor."""
    found, waiting = set[int](), [server.pid]
    while waiting:
        pid = waiting.pop()
        try:
            text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        except FileNotFoundError:
            continue
        waiting += map(int, text.split())
        found |= set(map(int, text.split()))
    return found


def soon(fact: Callable[[], bool], limit: float = 10.0) -> bool:
    """Whether something becomes true."""
    end = time.monotonic() + limit
    while not fact():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Return a server with two workers, and a folder `temp` for its temporary files."""
    (tmp_path / "main.py").write_text(APP)
    # The names of sockets may not be long.
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        (tmp_path / "temp").symlink_to(short)
        with running(site(), tmp_path, env={"TMPDIR": short}) as started:
            yield started


async def test_no_request_is_lost(tmp_path: Path) -> None:
    """Busy, new and idle connections get all their answers while generations change, by any way.

    So they do while the number of workers grows and shrinks.
    """
    (tmp_path / "main.py").write_text(APP)
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        admin = Path(short) / "admin.sock"
        text = site().replace("\n admin off\n", f"\n{reload_ways.options(admin)}")
        with running(text, tmp_path, "--watch") as server:
            python = [sys.executable, "-m", "snake"]
            config = tmp_path / "Caddyfile"
            reloaded = reload_ways.Reloaded(server.pid, config, admin, python)
            await asyncio.to_thread(server.wait_for, "watching config file for changes")
            seen, over = Seen(), asyncio.Event()
            styles = [Style.BUSY, Style.NEW, Style.IDLE, Style.IDLE] * 6
            loading = asyncio.create_task(
                clients.load(partial(Client, server.port, "/"), styles, over, seen)
            )
            try:
                for way in reload_ways.WAYS.values():
                    answered = len(seen.processes)
                    await way(reloaded)
                    async with asyncio.timeout(20):
                        await seen.until_processes(answered + 2)
                for count, workers in enumerate((3, 1), 3):
                    new = config.read_text().replace("workers 2", f"workers {workers}")
                    await asyncio.to_thread(reload, server, new, count)
                    await asyncio.sleep(0.3)
            finally:
                over.set()
                await loading
    assert not seen.failures


def test_an_unchanged_configuration_brings_the_new_code(server: Server) -> None:
    """The app is imported anew; what the old one answers is the last on its connection."""
    with socket.create_connection(("127.0.0.1", server.port), 5) as idle:
        idle.sendall(REQUEST)
        assert b"one" in idle.recv(4096)
        (server.folder / "main.py").write_text(APP.replace('b"one"', 'b"two"'))
        reload(server)
        assert httpx.get(server.url).text == "two"
        idle.sendall(REQUEST)
        answer = idle.recv(4096)
        assert b"one" in answer
        assert b"Connection: close" in answer
        assert idle.recv(4096) == b""
    assert server.wait_for(DONE)["seconds"] > 0


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (":PORT {\n respnd hi\n}\n", "Caddyfile:2: unrecognized directive: respnd"),
        (site().replace("main:app", "none:app"), "Caddyfile:6: "),
        (site(more=":TAKEN {\n respond hi\n}\n"), "address already in use"),
        (
            site(more=":AGAIN {\n python {\n module_wsgi main:none\n python_path PYTHON\n}\n}\n"),
            "none",
        ),
    ],
    ids=["Caddyfile", "app", "port", "pool"],
)
def test_what_cannot_run_changes_nothing(server: Server, config: str, told: str) -> None:
    """The error is logged at its place; the old workers serve on, and nothing else is left."""
    own = processes(server)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = config.replace("TAKEN", str(taken.getsockname()[1]))
        config = config.replace("AGAIN", str(free_ports(1)[0])).replace("PYTHON", PYTHON)
        reload(server, config, told=FAILED)
        assert soon(lambda: processes(server) == own)
        before = files(server)  # with the folder for sockets, once there was a pool
        reload(server, config, 2, FAILED)
    assert told in server.wait_for(FAILED)["error"]
    assert httpx.get(server.url).text == "one"
    assert soon(lambda: processes(server) == own)
    assert soon(lambda: files(server) == before)


def files(server: Server) -> tuple[int, list[str]]:
    """Return how many files the supervisor has open, and its temporary ones."""
    count = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
    return count, sorted(map(str, (server.folder / "temp").glob("snake-*/*/*")))


def test_addresses_come_and_go(server: Server) -> None:
    """What is new is listened on, what is gone is refused."""
    (other,) = free_ports(1)
    reload(server, f"{{\n admin off\n}}\n:{other} {{\n respond new\n}}\n")
    assert httpx.get(f"http://127.0.0.1:{other}").text == "new"
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_a_stop_during_a_reload_ends_both(tmp_path: Path) -> None:
    """SIGTERM while the new workers import their app ends all, with code 0."""
    (tmp_path / "main.py").write_text(APP)
    with running(site(), tmp_path) as server:
        before = processes(server)
        (tmp_path / "main.py").write_text(APP.replace('"0"', '"30"'))
        server.send(signal.SIGUSR1)
        assert soon(lambda: len(processes(server) - before) >= 2)
        all_of_them = processes(server)
        assert server.stop() == 0
        assert soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in all_of_them))
        assert server.records[-1]["msg"] == "shutdown complete"
    assert "Traceback" not in server.log


def test_what_is_asked_for_during_a_reload_follows(server: Server) -> None:
    """A signal during a reload is not lost: what is saved last is what runs."""
    server.send(signal.SIGUSR1)
    server.wait_for("using config from file", count=2)
    (server.folder / "main.py").write_text(APP.replace('b"one"', 'b"two"'))
    for _ in range(5):
        server.send(signal.SIGUSR1)
    server.wait_for(DONE, count=2)
    assert httpx.get(server.url).text == "two"


@pytest.mark.timeout(180)
def test_many_reloads_leave_nothing_behind(server: Server) -> None:
    """After 25 there are as many processes, files and sockets as after the first few.

    Some open files more are those that workers count in while several generations overlap.
    """
    pooled = site(1).replace("workers", f"python_path {PYTHON}\n workers")
    for count in range(1, 4):
        reload(server, pooled, count)
    assert soon(lambda: len(processes(server)) == 1 + (os.cpu_count() or 1) + 2)
    before = len(processes(server)), files(server), memory(server)
    for count in range(4, 26):
        reload(server, pooled if count % 6 == 1 else site(), count)
    assert soon(lambda: len(processes(server)) == before[0])
    assert files(server)[0] <= before[1][0] + 8
    assert len(files(server)[1]) == len(before[1][1])
    assert memory(server) < before[2] + 3000


def memory(server: Server) -> int:
    """Return the memory of the supervisor that it shares with nobody, in KiB."""
    text = Path(f"/proc/{server.pid}/smaps_rollup").read_text()
    sizes = [line.split()[1] for line in text.splitlines() if line.startswith("Private_")]
    return sum(map(int, sizes))


def test_what_is_in_no_file_is_not_read_again(tmp_path: Path) -> None:
    """Without a file there is nothing to read again; the log says so, and the server goes on."""
    (tmp_path / "main.py").write_text(APP)
    with running(site(), tmp_path, "--adapter", "caddyfile", name="-") as server:
        server.send(signal.SIGUSR1)
        server.wait_for("the configuration is in no file that can be read again")
        assert httpx.get(server.url).text == "one"
