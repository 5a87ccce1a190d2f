"""The supervisor with real workers: start, stop, signals, death."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.server import Server, free_port, run, running, start

pytestmark = pytest.mark.slow


def responding(body: str = "hi", listen: str = "127.0.0.1:PORT", **http: object) -> str:
    """Return a JSON document of one server that answers with `body`."""
    route = {"handle": [{"handler": "static_response", "body": body}]}
    server = {"listen": [listen], "routes": [route]}
    return json.dumps({"apps": {"http": {"servers": {"srv0": server}, **http}}})


def gone(pid: int, limit: float = 5.0) -> bool:
    """Wait until a process is gone, or a zombie that nobody has waited for."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_everything_with_code_0(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGINT end the server with exit code 0 and no process left."""
    with running(responding(), tmp_path, name="c.json") as server:
        workers = server.workers()
        assert httpx.get(server.url).text == "hi"
        assert server.stop(number) == 0
        assert server.wait_for("shutdown complete")["exit_code"] == 0
    assert all(gone(pid) for pid in workers)
    assert "Traceback" not in server.log


def test_there_is_a_worker_for_each_cpu(tmp_path: Path) -> None:
    """Without an app that says otherwise, as many workers run as there are CPUs."""
    with running(responding(), tmp_path, name="c.json") as server:
        assert len(server.workers()) == os.cpu_count()


def test_hangup_and_user_signals_change_nothing(tmp_path: Path) -> None:
    """SIGHUP, SIGUSR2 and SIGPIPE leave the server running."""
    with running(responding(), tmp_path, name="c.json") as server:
        for number in (signal.SIGHUP, signal.SIGUSR2, signal.SIGPIPE):
            server.send(number)
        assert httpx.get(server.url).text == "hi"


def test_sigquit_ends_at_once_with_code_2(tmp_path: Path) -> None:
    """SIGQUIT ends the supervisor with exit code 2, and its workers with it."""
    with running(responding(), tmp_path, name="c.json") as server:
        workers = server.workers()
        assert server.stop(signal.SIGQUIT) == 2
    assert all(gone(pid) for pid in workers)


def test_ctrl_c_reaches_all_processes_and_prints_no_traceback(tmp_path: Path) -> None:
    """A SIGINT to every process at once, as a terminal sends it, is one graceful stop."""
    with running(responding(), tmp_path, name="c.json") as server:
        for pid in [*server.workers(), zygote(server)]:
            os.kill(pid, signal.SIGINT)
        assert server.stop(signal.SIGINT) == 0
    assert "Traceback" not in server.log


def zygote(server: Server) -> int:
    """Return the process that the workers come from."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return int(children[0])


def test_no_process_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    """After a SIGKILL of the supervisor, the zygote and the workers end."""
    with running(responding(), tmp_path, name="c.json") as server:
        others = [zygote(server), *server.workers()]
        server.send(signal.SIGKILL)
        assert all(gone(pid) for pid in others)


def test_a_killed_worker_is_replaced_and_no_connection_is_refused(tmp_path: Path) -> None:
    """While workers are killed under load every new connection gets its answer."""
    with running(responding(), tmp_path, name="c.json") as server:
        problems: list[str] = []
        answered = 0
        stop = threading.Event()

        def load() -> None:
            nonlocal answered
            while not stop.is_set():
                try:
                    answered += httpx.get(server.url, timeout=5).status_code == 200
                except httpx.ConnectError as error:
                    problems.append(repr(error))
                except (httpx.ReadError, httpx.RemoteProtocolError):
                    pass  # it was being answered by the worker that was killed

        thread = threading.Thread(target=load)
        thread.start()
        for pid in server.workers():
            os.kill(pid, signal.SIGKILL)
        server.wait_for("worker started", count=len(server.workers()))
        stop.set()
        thread.join(10)
        assert not problems
        assert answered


def test_a_killed_worker_is_back(tmp_path: Path) -> None:
    """The log names the signal, and another worker takes its place."""
    with running(responding(), tmp_path, name="c.json") as server:
        os.kill(server.workers()[0], signal.SIGKILL)
        died = server.wait_for("worker died; starting another")
        back = server.wait_for("worker started")
        assert died["reason"] == "signal SIGKILL"
        assert Path(f"/proc/{back['pid']}").exists()


def test_a_worker_takes_over_the_queue_of_the_dead_one(tmp_path: Path) -> None:
    """A connection that waits while no worker lives is answered by the next worker."""
    with running(responding(), tmp_path, name="c.json") as server:
        workers = server.workers()
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        with socket.create_connection(("127.0.0.1", server.port), 5) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")


def test_the_zygote_can_die_too(tmp_path: Path) -> None:
    """After a SIGKILL of the zygote there is another one, and new workers serve."""
    with running(responding(), tmp_path, name="c.json") as server:
        os.kill(zygote(server), signal.SIGKILL)
        server.wait_for("worker started", count=len(server.workers()))
        assert httpx.get(server.url, timeout=5).text == "hi"


def test_a_port_in_use_stops_the_start(tmp_path: Path) -> None:
    """A port that another process listens on is one message that names both, and code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "c.json").write_text(responding(listen=f"127.0.0.1:{port}"))
        result = run("run", "--config", "c.json", folder=tmp_path)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: apps/http/servers/srv0/listen: ")
    assert f"cannot listen on 127.0.0.1:{port}: address already in use" in last
    assert f"(pid {os.getpid()})" in last
    assert "Traceback" not in result.stderr


def test_two_servers_do_not_share_a_port_unnoticed(tmp_path: Path) -> None:
    """A second snake on the same port is refused, though both would use SO_REUSEPORT."""
    with running(responding(), tmp_path, name="c.json") as server:
        (tmp_path / "d.json").write_text(responding(listen=f"127.0.0.1:{server.port}"))
        result = run("run", "--config", "d.json", folder=tmp_path)
        assert result.returncode == 1
        assert "address already in use" in result.stderr


def test_a_unix_socket_is_served_and_removed(tmp_path: Path) -> None:
    """A Unix socket gets its mode, serves, and is gone after the end; a stale one is replaced."""
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with running(responding(listen=f"unix/{path}|0600"), tmp_path, name="c.json"):
        assert path.stat().st_mode & 0o777 == 0o600
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
            assert client.get("http://a/").text == "hi"
    assert not path.exists()


def test_the_working_configuration_is_saved(tmp_path: Path) -> None:
    """`autosave.json` is the last document that ran, for its owner's eyes only."""
    with running(responding(), tmp_path, name="c.json") as server:
        saved = tmp_path / "xdg/snake/autosave.json"
        server.stop()
    assert json.loads(saved.read_text())["apps"]["http"]["servers"]["srv0"]
    assert saved.stat().st_mode & 0o777 == 0o600


def test_persist_false_saves_nothing(tmp_path: Path) -> None:
    """With `persist_config off` there is no autosave."""
    config = json.loads(responding()) | {"admin": {"config": {"persist": False}}}
    with running(json.dumps(config), tmp_path, name="c.json"):
        assert not (tmp_path / "xdg").exists()


def test_a_signal_during_the_start_ends_it(tmp_path: Path) -> None:
    """A SIGTERM before the server is ready ends it, with no process left."""
    server = start(responding(), tmp_path, name="c.json")
    server.wait_for("using config from file")
    server.send(signal.SIGTERM)
    assert server.wait() in (0, -signal.SIGTERM)
    assert "Traceback" not in server.log


def test_ports_of_a_range_and_of_many_addresses_are_all_served(tmp_path: Path) -> None:
    """Every address of a server is served."""
    other = free_port()
    config = json.loads(responding())
    config["apps"]["http"]["servers"]["srv0"]["listen"].append(f"127.0.0.1:{other}")
    with running(json.dumps(config), tmp_path, name="c.json") as server:
        assert httpx.get(server.url).text == "hi"
        assert httpx.get(f"http://127.0.0.1:{other}").text == "hi"
