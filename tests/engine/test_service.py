"""What the service manager is told, over a real socket."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from snake.engine.service import Service
from tests.server import running

SITE = """{
    admin off
}
http://127.0.0.1:PORT {
    respond hi
}
"""


class Ear:
    """A service manager's end of the socket."""

    def __init__(self, name: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(name)
        self.sock.settimeout(20)

    def hear(self) -> dict[str, str]:
        """Wait for the next message; return its assignments."""
        lines = self.sock.recv(4096).decode().split("\n")
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    """Return what listens at `notify` in the test's folder."""
    opened = Ear(str(tmp_path / "notify"))
    yield opened
    opened.sock.close()


@pytest.mark.slow
def test_a_server_tells_of_its_life(tmp_path: Path, ear: Ear) -> None:
    """READY when it serves, RELOADING and READY for each reload with how it went, STOPPING."""
    env = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    with running(SITE, tmp_path, env=env) as server:
        began = ear.hear()
        assert began["READY"] == "1"
        assert began["STATUS"].startswith("serving, with ")

        server.send(signal.SIGUSR1)
        told = ear.hear()
        assert told["RELOADING"] == "1"
        assert 0 <= time.monotonic_ns() // 1000 - int(told["MONOTONIC_USEC"]) < 20_000_000
        assert ear.hear() == {"READY": "1", "STATUS": "reloaded"}

        (tmp_path / "Caddyfile").write_text("localhost {\n respnd hi\n}\n")
        server.send(signal.SIGUSR1)
        assert ear.hear()["RELOADING"] == "1"
        failed = ear.hear()
        assert failed["READY"] == "1"
        assert failed["STATUS"].startswith(
            "cannot reload, the old configuration goes on: Caddyfile:2"
        )

        assert server.stop() == 0
        assert ear.hear()["STOPPING"] == "1"


async def test_it_gives_a_sign_of_life_twice_as_often_as_is_asked(tmp_path: Path, ear: Ear) -> None:
    """`WATCHDOG_USEC` is how long the manager waits; another process's is not ours."""
    environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "100000"}
    began = time.monotonic()
    async with Service(environ).living():
        for _ in range(3):
            assert await asyncio.to_thread(ear.hear) == {"WATCHDOG": "1"}
    assert 0.09 <= time.monotonic() - began < 5
    ear.sock.settimeout(0.2)
    other = environ | {"WATCHDOG_PID": "1000000000"}
    async with Service(other).living():
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(ear.hear)


def test_an_abstract_socket_is_one_too() -> None:
    """`@name` is a socket without a file."""
    ear = Ear(f"\0snake-test-{os.getpid()}")
    Service({"NOTIFY_SOCKET": f"@snake-test-{os.getpid()}"}).stopping()
    assert ear.hear()["STOPPING"] == "1"
    ear.sock.close()


def test_a_status_is_one_line_of_what_can_be_shown(tmp_path: Path, ear: Ear) -> None:
    """No text can make an assignment of its own."""
    Service({"NOTIFY_SOCKET": str(tmp_path / "notify")}).ready("a\x1b[2J\nMAINPID=1")
    assert ear.hear() == {"READY": "1", "STATUS": "a?[2J"}


def test_a_manager_that_is_gone_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is raised, and the log is not filled."""
    service = Service({"NOTIFY_SOCKET": str(tmp_path / "none"), "WATCHDOG_USEC": "x"})
    service.ready("serving")
    service.stopping()
    assert [record.message for record in caplog.records] == ["the service manager cannot be told"]
