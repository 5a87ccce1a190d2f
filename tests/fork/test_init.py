"""snake as process 1, as in a container: orphans are reaped, signals arrive, the exit code is told.

The processes get a PID namespace of their own, in which the first one is 1.
"""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.server import ROOT, Server, environment, free_port

SITE = """{
    admin off
}
http://127.0.0.1:PORT {
    python {
        module_wsgi main:app
        workers 1
    }
}
"""
APP = """
import subprocess
import time

def app(environ, start_response):
    start_response("200 OK", [])
    if environ["PATH_INFO"] == "/orphans":
        subprocess.run(["sh", "-c", "(sleep 0.5 &) ; (sleep 0.6 &)"], check=True)
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1)
    return [b"hi"]
"""
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


def has_namespaces() -> bool:
    """Tell whether this user can have a PID namespace."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_namespaces(), reason="this user cannot have a PID namespace"),
]


def children(pid: int) -> list[int]:
    """Return the children of a process."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def state(pid: int) -> str:
    """Return the letter of a process's state; nothing if it is gone."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


@contextmanager
def contained(site: str, folder: Path) -> Iterator[tuple[Server, int]]:
    """Run a site as process 1; yield the server, and its number outside."""
    port = free_port()
    (folder / "main.py").write_text(APP)
    (folder / "Caddyfile").write_text(site.replace("PORT", str(port)))
    process = subprocess.Popen(
        [*NAMESPACE, sys.executable, "-m", "snake", "run"],
        cwd=folder,
        env=environment(folder),
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, port, folder)
    try:
        server.wait_for("serving")
        yield server, children(process.pid)[0]
    finally:
        process.kill()
        server.wait()


def test_orphans_are_reaped_and_signals_arrive(tmp_path: Path) -> None:
    """What an app starts and leaves becomes a child of process 1, and no zombie.

    SIGUSR1 to process 1 reloads, SIGHUP does nothing, SIGTERM lets a request finish.
    """
    with contained(SITE, tmp_path) as (server, init):
        (work,) = children(init)
        for _ in range(5):
            httpx.get(f"{server.url}/orphans")
        assert len(children(init)) > 1, "the orphans did not come to process 1"
        deadline = time.monotonic() + 10
        while children(init) != [work]:
            assert time.monotonic() < deadline, [(pid, state(pid)) for pid in children(init)]
            time.sleep(0.02)
        os.kill(init, signal.SIGHUP)
        os.kill(init, signal.SIGUSR1)
        server.wait_for("reloaded the configuration")
        answers: list[str] = []
        client = threading.Thread(
            target=lambda: answers.append(httpx.get(f"{server.url}/slow").text)
        )
        client.start()
        time.sleep(0.3)
        os.kill(init, signal.SIGTERM)
        assert server.wait() == 0
        client.join()
        assert answers == ["hi"]
        assert server.wait_for("shutdown complete")["signal"] == "SIGTERM"


def test_the_end_of_the_supervisor_is_the_end_of_process_1(tmp_path: Path) -> None:
    """A supervisor that is killed ends the container, with the code that a shell gives."""
    with contained(SITE, tmp_path) as (server, init):
        os.kill(children(init)[0], signal.SIGKILL)
        assert server.wait() == 128 + signal.SIGKILL


def test_what_cannot_start_has_the_exit_code_of_a_failure(tmp_path: Path) -> None:
    """The exit code of any command is that of process 1."""
    told = subprocess.run(
        [*NAMESPACE, sys.executable, "-m", "snake", "run", "--config", "none"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert "none" in told.stderr


def test_one_ctrl_c_is_one(tmp_path: Path) -> None:
    """All processes of a terminal get its SIGINT; that process 1 hands on no second one.

    A second one would mean: give up, and cut off what is under way.
    """
    port = free_port()
    (tmp_path / "main.py").write_text(APP)
    (tmp_path / "Caddyfile").write_text(SITE.replace("PORT", str(port)))
    pid, terminal = pty.fork()
    if pid == 0:  # a session of its own, with the terminal as its own
        os.chdir(tmp_path)
        environ = environment(tmp_path) | {"NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
        os.execvpe(NAMESPACE[0], [*NAMESPACE, sys.executable, "-m", "snake", "run"], environ)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            assert httpx.get(f"http://127.0.0.1:{port}").text == "hi"
            break
        time.sleep(0.1)
    os.write(terminal, b"\x03")
    shown = b""
    with suppress(OSError):  # the end of a terminal
        while some := os.read(terminal, 4096):
            shown += some
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, shown.decode()
    assert b"force quit" not in shown
