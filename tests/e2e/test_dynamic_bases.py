"""The process that the apps of tenants are forked from: what they share, and what they do not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e import dynamic
from tests.e2e.dynamic import add, ask, serving, told
from tests.server import Server

pytestmark = pytest.mark.slow

APP = """
import json, os, subprocess, sys
try:
    import library
    value = library.VALUE
except ImportError:
    value = None

def app(environ, start_response):
    start_response("200 OK", [])
    inner = "import sys, library; print(sys.prefix, library.VALUE)"
    told = {
        "code": NAME,
        "value": value,
        "prefix": sys.prefix,
        "base": sys.base_prefix,
        "executable": sys.executable,
        "path": sys.path,
        "random": sys.flags.hash_randomization,
        "inner": value and subprocess.check_output([sys.executable, "-c", inner], text=True),
        "uvloop": "uvloop" in sys.modules,
        "pid": os.getpid(),
    }
    return [json.dumps(told).encode()]
"""


def named(server: Server, name: str) -> list[int]:
    """Return the processes of a server that have this name."""
    found = []
    for pid in dynamic.processes(server.pid):
        try:
            if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                found.append(pid)
        except OSError:
            continue
    return found


def test_each_tenant_lives_in_its_own_venv(tmp_path: Path) -> None:
    """Forked from one process, apps have the packages, prefix and interpreter of their venvs."""
    add(tmp_path, "one", "two", app=APP)
    for name in ("one", "two"):
        made = tmp_path / "venvs" / name
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made)], check=True)
        (folder,) = made.glob("lib/python3*/site-packages")
        (folder / "library.py").write_text(f"VALUE = {name!r}\n")
    with serving(tmp_path, "venv venvs/{http.request.host.labels.1}") as server:
        for name in ("one", "two"):
            tells, venv = told(server, name), str(tmp_path.resolve() / "venvs" / name)
            assert (tells["value"], tells["prefix"]) == (name, venv)
            assert tells["base"] == sys.base_prefix
            assert Path(tells["executable"]).parent == Path(venv, "bin")
            assert tells["inner"] == f"{venv} {name}\n"
            packages = [path for path in tells["path"] if path.endswith("site-packages")]
            assert [Path(path).parents[2] for path in packages] == [Path(venv)]
        assert len(named(server, "snake-nursery")) == 1


def test_variables_that_python_reads_when_it_starts_are_heard(tmp_path: Path) -> None:
    """An app with such a variable gets a process that was started with it."""
    add(tmp_path, "one", app=APP)
    with serving(tmp_path, "env_var PYTHONHASHSEED 0") as server:
        assert told(server, "one")["random"] == 0
        assert not named(server, "snake-nursery")
    add(tmp_path, "two", app=APP)
    with serving(tmp_path) as server:
        assert told(server, "two")["random"] == 1
        assert told(server, "two")["uvloop"] is True
        assert named(server, "snake-nursery")


def test_the_base_may_die(tmp_path: Path) -> None:
    """When what all were forked from is killed, they are all back soon."""
    add(tmp_path, "one", "two", app=APP)
    with serving(tmp_path) as server:
        before = {name: told(server, name)["pid"] for name in ("one", "two")}
        (base,) = named(server, "snake-nursery")
        os.kill(base, signal.SIGKILL)
        end = time.monotonic() + 15
        for name, pid in before.items():
            answer = ask(server, name)
            while answer.status_code != 200 or answer.json()["pid"] == pid:
                assert time.monotonic() < end
                time.sleep(0.1)
                answer = ask(server, name)
