"""How the processes come to be: what is in them, and with which environment."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from snake.cli.early import is_wanted
from snake.engine import warm
from tests.server import START_LIMIT, STOP_LIMIT, environment, free_port, running

pytestmark = pytest.mark.slow

APP = """
import os, sys

def app(environ, start_response):
    start_response("200 OK", [])
    foreign = [name for name in ("click", "lark", "rich") if name in sys.modules]
    return [repr((foreign, os.environ.get("GIVEN"), sys.stdout.line_buffering)).encode()]
"""
SITE = "{\nadmin off\n}\nhttp://127.0.0.1:PORT {\npython {\nmodule_wsgi main:app\nworkers 1\n}\n}\n"


def test_only_serving_forks_early() -> None:
    """A zygote is forked first for commands that serve, unless an env file is to be read before."""
    assert is_wanted(["snake", "run"])
    assert is_wanted(["snake", "python-server", "-t", "wsgi"])
    assert not is_wanted(["snake", "version"])
    assert not is_wanted(["snake"])
    assert not is_wanted(["snake", "run", "--envfile=x"])


@pytest.mark.parametrize("with_file", [False, True])
def test_a_worker_has_no_foreign_package_and_the_whole_environment(
    tmp_path: Path, *, with_file: bool
) -> None:
    """Nothing of the command line is in an app's process; variables of an env file are."""
    (tmp_path / "main.py").write_text(APP)
    (tmp_path / "given").write_text("GIVEN=yes\n")
    options = ["--envfile", "given"] if with_file else []
    with running(SITE, tmp_path, *options) as server:
        given = "'yes'" if with_file else "None"
        assert httpx.get(server.url).text == f"([], {given}, True)"


@pytest.mark.parametrize("name", [*warm.SHARED, *warm.IMPORTS])
def test_what_is_imported_ahead_exists(name: str) -> None:
    """A name that no longer exists would be passed over in silence, and the start be slower."""
    assert find_spec(name) is not None


def test_processes_are_told_apart_by_their_names(tmp_path: Path) -> None:
    """`ps` shows which process is the zygote and which are workers."""
    (tmp_path / "main.py").write_text(APP)
    with running(SITE, tmp_path) as server:
        (worker,) = server.workers()
        assert Path(f"/proc/{worker}/comm").read_text() == "snake-worker\n"
        parent = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1]
        assert Path(f"/proc/{parent}/comm").read_text() == "snake-zygote\n"


def test_the_limit_of_open_files_is_raised(tmp_path: Path) -> None:
    """A worker may open as many files as the system lets it, as Go programs; few are warned of."""
    (tmp_path / "main.py").write_text(APP)
    few = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (100, 200))
    with running(SITE, tmp_path, preexec_fn=few) as server:
        assert resource.prlimit(server.workers()[0], resource.RLIMIT_NOFILE) == (200, 200)
        (warning,) = [each for each in server.records if "limit" in each]
    assert warning["limit"] == 200
    assert "ulimit -n" in warning["msg"]


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_standard_descriptor_may_be_closed(tmp_path: Path, closed: int) -> None:
    """What is closed becomes nothing: no socket takes its number, and all serves."""
    (tmp_path / "main.py").write_text(APP)
    port = free_port()
    (tmp_path / "Caddyfile").write_text(SITE.replace("PORT", str(port)))
    command = [sys.executable, "-m", "snake", "run"]
    with subprocess.Popen(
        ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *command],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert _answer(f"http://127.0.0.1:{port}") == "([], None, True)"
            for pid in (process.pid, *_children(process.pid)):
                assert str(Path(f"/proc/{pid}/fd/{closed}").readlink()) == os.devnull
        finally:
            process.terminate()
        assert process.wait(STOP_LIMIT) == 0


def _answer(url: str) -> str:
    """Return what a server says once it is there."""
    until = time.monotonic() + START_LIMIT
    while True:
        try:
            return httpx.get(url).text
        except httpx.ConnectError:
            assert time.monotonic() < until
            time.sleep(0.05)


def _children(pid: int) -> list[int]:
    """Return the processes that one has started."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_pidfile_is_there_while_the_server_runs(tmp_path: Path) -> None:
    """`--pidfile` holds the supervisor's process ID, and is removed at the end."""
    (tmp_path / "main.py").write_text(APP)
    with running(SITE, tmp_path, "--pidfile", "pid") as server:
        assert (tmp_path / "pid").read_text() == f"{server.pid}\n"
        os.kill(server.pid, 0)
    assert not (tmp_path / "pid").exists()


def test_environ_is_printed(tmp_path: Path) -> None:
    """`--environ` prints versions and variables, and the server runs."""
    (tmp_path / "main.py").write_text(APP)
    with running(SITE, tmp_path, "--environ", env={"GIVEN": "here"}) as server:
        assert "GIVEN=here\n" in server.output
        assert "snake.Version=" in server.output
