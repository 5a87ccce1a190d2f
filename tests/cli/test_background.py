"""`snake start` and `snake stop`, and the flags of `snake run` that they and services use."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from snake.cli.main import main
from snake.cli.start_log import old, start_log
from snake.engine.own_socket import mark
from tests.caddy import adapter
from tests.server import environment, free_port, run, running, start

pytestmark = pytest.mark.slow

SITE = "{\n\tadmin off\n}\nhttp://127.0.0.1:PORT {\n\trespond hi\n}\n"


def lives(pid: int) -> bool:
    """Tell whether there is a process of this number that has not ended."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ends(pid: int) -> bool:
    """Wait for the end of a process that is not ours to wait for; tell whether it came."""
    end = time.monotonic() + 20
    while lives(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not lives(pid)


@contextmanager
def started(folder: Path, *args: str) -> Iterator[tuple[int, str, str]]:
    """Start a server in the background; return its process ID, and what was printed and told."""
    done = run("start", "--pidfile", "pid", *args, folder=folder, env=state(folder))
    assert done.returncode == 0, done.stderr
    pid = int((folder / "pid").read_text())
    try:
        yield pid, done.stdout, done.stderr
    finally:
        if lives(pid):
            os.kill(pid, signal.SIGTERM)
        assert ends(pid)


def state(folder: Path) -> dict[str, str]:
    """Return the variable that says where logs go."""
    return {"XDG_STATE_HOME": str(folder / "state")}


def test_start_returns_when_the_server_serves(tmp_path: Path) -> None:
    """It serves at once, in a session of its own, logs to a file that only we read, and stops.

    What the log complains of is told in a line that a person can read.
    """
    port = free_port()
    site = SITE.replace("PORT", str(port)).replace("admin off", "admin unix/admin.sock")
    (tmp_path / "Caddyfile").write_text(site.replace("\trespond", "respond"))
    log = tmp_path / f"state/snake/start-{mark(str(tmp_path / 'Caddyfile'))}.log"

    with started(tmp_path) as (pid, said, told):
        assert httpx.get(f"http://127.0.0.1:{port}").text == "hi"
        assert os.getsid(pid) == pid
        began = log.read_text()
        again = run("start", folder=tmp_path, env=state(tmp_path))
        assert "address already in use" in again.stderr
        assert (again.returncode, log.read_text()) == (1, began)
        assert run("stop", "-c", "Caddyfile", folder=tmp_path).returncode == 0
        assert not lives(pid)

    assert said.splitlines() == [
        f"snake runs in the background (PID {pid}); to end it: snake stop --config Caddyfile",
        f"its log is {log}",
    ]
    assert told.startswith("WARN: Caddyfile input is not formatted; run 'snake fmt --overwrite'")
    assert "(adapter=caddyfile, file=Caddyfile, line=5)\n" in told
    end = time.monotonic() + 10
    while '"msg":"shutdown complete"' not in log.read_text():
        assert time.monotonic() < end
        time.sleep(0.01)
    assert log.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "pid").exists()


def test_start_tells_what_ends_the_server(tmp_path: Path) -> None:
    """Without an admin API that is `kill`; with env files it is the address."""
    (tmp_path / "Caddyfile").write_text(SITE.replace("PORT", "0"))
    with started(tmp_path) as (pid, said, _):
        assert f"to end it: kill {pid}\n" in said

    (tmp_path / "Caddyfile").write_text(
        SITE.replace("PORT", "0").replace("admin off", "admin unix/{$SOCKET}")
    )
    (tmp_path / "env").write_text("SOCKET=admin.sock\n")
    with started(tmp_path, "--envfile", "env") as (_, said, _):
        assert "to end it: snake stop --address unix/admin.sock\n" in said


def test_start_without_a_place_for_its_log(tmp_path: Path) -> None:
    """It is told how none is needed."""
    (tmp_path / "state").touch()
    done = run("start", folder=tmp_path, env=state(tmp_path))
    assert "state/snake: Not a directory; without one, send stdout and stderr to" in done.stderr


def test_log_of_a_server_in_the_background_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is rolled between two lines, and the one before is kept; nothing between is lost.

    A log that somebody has is not taken by another.
    """
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("snake.cli.start_log.LARGEST", 1000)
    lines = [f"line {number}\n".encode() for number in range(300)]
    with start_log("Caddyfile") as log, start_log("Caddyfile") as other:
        assert (other.path.stem, other.path.exists()) == (f"{log.path.stem}-2", True)
        for line in lines:
            os.write(log.writer, line)
            log.take()
        whole = old(log.path).read_bytes() + log.path.read_bytes()
        with start_log("Caddyfile") as third:
            assert third.path.stem == f"{log.path.stem}-3"

    assert max(each.stat().st_size for each in (log.path, old(log.path))) <= 1000
    assert b"".join(lines).endswith(whole)
    assert whole.startswith(b"line ")
    assert log.told == b"".join(lines)


def test_start_loses_no_error(tmp_path: Path) -> None:
    """What keeps the server from starting is printed, and the exit code is 1."""
    (tmp_path / "Caddyfile").write_text(":80\n\nfrobnicate\n")
    done = run("start", folder=tmp_path, env=state(tmp_path))

    assert done.stderr.startswith("Error: Caddyfile:3: unrecognized directive: frobnicate\n")
    assert (done.returncode, done.stdout) == (1, "")


def test_start_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C while an app takes its time ends the server too."""
    (tmp_path / "main.py").write_text(
        "import os, time\nopen('begun.' + str(os.getppid()), 'w').close()\ntime.sleep(60)\n"
    )
    (tmp_path / "Caddyfile").write_text("http://127.0.0.1:0 {\n\tpython main:app\n}\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "snake", "start"],
        cwd=tmp_path,
        env=environment(tmp_path) | state(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (begun := list(tmp_path.glob("begun.*"))):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)

    assert said.strip() == "Error: interrupted"
    assert process.returncode == 1
    assert ends(int(begun[0].suffix[1:]))


def test_start_takes_no_configuration_from_stdin(capsys: pytest.CaptureFixture[str]) -> None:
    """Its stdin is that of the terminal, which is given back."""
    assert main(["start", "--config", "-"]) == 1
    assert "save it to a file" in capsys.readouterr().err


def test_stop_asks_a_caddy_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """POST /stop is sent to the address, and the server ends."""
    with adapter() as caddy:
        address = f"unix/{caddy.folder.parent}/admin.sock"
        assert main(["stop", "--address", address]) == 0
    assert main(["stop", "--address", f"unix/{tmp_path}/none"]) == 1

    assert "nothing listens at unix/" in capsys.readouterr().err


def test_pingback_sends_what_stdin_has(tmp_path: Path) -> None:
    """Once the server serves, the bytes come to the address, and then the connection ends."""
    (tmp_path / "stdin").write_text("32 bytes")
    with socket.create_server(("127.0.0.1", 0)) as listener, (tmp_path / "stdin").open() as stdin:
        listener.settimeout(20)
        port = listener.getsockname()[1]
        args = ("--pingback", f"127.0.0.1:{port}")
        with running(SITE, tmp_path, *args, stdin=stdin):
            connection, _ = listener.accept()
            with connection:
                assert connection.recv(100) == b"32 bytes"
                assert connection.recv(100) == b""


def test_pingback_that_nobody_takes_ends_the_server(tmp_path: Path) -> None:
    """Whoever waited for it is gone, so nobody knows of the server; no worker is left."""
    server = start(SITE, tmp_path, "--pingback", f"127.0.0.1:{free_port()}")
    workers = server.workers()

    assert server.wait() == 1
    assert "--pingback: cannot tell 127.0.0.1:" in server.log
    assert all(ends(pid) for pid in workers)


def test_pidfile_of_a_crash_is_written_over(tmp_path: Path) -> None:
    """It names the server that runs, and is removed with that."""
    (tmp_path / "pid").write_text("2\nand more of another time\n")
    with running(SITE, tmp_path, "--pidfile", "pid") as server:
        assert (tmp_path / "pid").read_text() == f"{server.pid}\n"
        (tmp_path / "pid").write_text("1\n")

    assert (tmp_path / "pid").read_text() == "1\n"


def test_pidfile_of_a_server_that_runs_stays_its_own(tmp_path: Path) -> None:
    """A second server that cannot start gives it back."""
    (tmp_path / "bad.caddyfile").write_text("http://127.0.0.1:0 {\n\tpython nothere:app\n}\n")
    own = f"{os.getpid()}\n"
    (tmp_path / "pid").write_text(own)

    assert run("run", "-c", "bad.caddyfile", "--pidfile", "pid", folder=tmp_path).returncode == 1
    assert (tmp_path / "pid").read_text() == own


def test_pidfile_may_be_no_file(tmp_path: Path) -> None:
    """What is no file is not removed; a folder is an error."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with running(SITE, tmp_path, "--pidfile", "fifo") as server:
        assert os.read(reader, 100) == f"{server.pid}\n".encode()
    os.close(reader)
    assert fifo.exists()

    done = run("run", "--pidfile", ".", folder=tmp_path)
    assert "cannot write the pidfile .: Is a directory" in done.stderr
    assert done.returncode == 1


FAILING = """
from snake.engine.reloads import Reloads
from snake.__main__ import main

async def fail(self):
    raise OSError("no end")

Reloads.drain = fail
main()
"""


def test_end_that_fails_has_a_code_of_its_own(tmp_path: Path) -> None:
    """The exit code is 3, as Caddy's, and the log says why."""
    port = free_port()
    (tmp_path / "Caddyfile").write_text(SITE.replace("PORT", str(port)))
    process = subprocess.Popen(
        [sys.executable, "-c", FAILING, "run"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if '"serving"' in line:
            break
    process.terminate()
    log = process.stderr.read()

    assert process.wait(20) == 3
    assert '"msg":"the shutdown failed"' in log
    process.stderr.close()
