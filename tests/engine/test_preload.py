"""`preload on`: the app is imported once, and its workers are forked from there."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from tests.server import run, running

pytestmark = pytest.mark.slow

APP = """
import os
IMPORTED = os.getpid()
def app(environ, start_response):
    start_response("200 OK", [])
    return [f"{IMPORTED} {os.getpid()}".encode()]
"""
PYTHON = Path(sys.executable).resolve()
"""The interpreter that snake's own was made from: another one, which is there in any case."""
SITE = """http://127.0.0.1:PORT {
	python {
		module_wsgi main:app
		preload on
		workers 2
		%s
	}
}
"""


def answers(url: str, count: int = 20) -> set[tuple[int, int]]:
    """Return who imported the app and who answered, over many connections."""
    found = set()
    for _ in range(count):
        imported, pid = httpx.get(url).text.split()
        found.add((int(imported), int(pid)))
    return found


@pytest.mark.parametrize("more", ["", f"python_path {PYTHON}"], ids=["embedded", "pooled"])
def test_all_processes_share_one_import(tmp_path: Path, more: str) -> None:
    """The process that imported the app answers nothing; those that answer are its forks."""
    (tmp_path / "main.py").write_text(APP)
    with running(SITE % more, tmp_path) as server:
        found = answers(server.url)
        assert len({imported for imported, _ in found}) == 1
        assert all(imported != pid for imported, pid in found)


def test_a_worker_that_dies_is_forked_again(tmp_path: Path) -> None:
    """The replacement has the same import behind it."""
    (tmp_path / "main.py").write_text(APP)
    with running(SITE % "", tmp_path) as server:
        before = answers(server.url)
        for pid in server.workers():
            os.kill(pid, signal.SIGKILL)
        server.wait_for("worker started", count=2)
        after = answers(server.url)
        assert {imported for imported, _ in before} == {imported for imported, _ in after}
        assert {pid for _, pid in before}.isdisjoint({pid for _, pid in after})


def test_an_import_that_fails_stops_the_start(tmp_path: Path) -> None:
    """The traceback is told at the line of the app, as without `preload`."""
    (tmp_path / "main.py").write_text("1/0")
    (tmp_path / "Caddyfile").write_text(SITE.replace("PORT", "0") % "")
    done = run("run", folder=tmp_path)
    assert done.returncode == 1
    assert "failed while it was imported" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "Caddyfile:3" in done.stderr


def test_an_import_without_end_runs_into_start_timeout(tmp_path: Path) -> None:
    """The time for the start counts from the import."""
    (tmp_path / "main.py").write_text("import time; time.sleep(60)")
    (tmp_path / "Caddyfile").write_text(SITE.replace("PORT", "0") % "start_timeout 1s")
    done = run("run", folder=tmp_path)
    assert done.returncode == 1
    assert "was not ready within its start_timeout of 1 s" in done.stderr


def test_threads_that_an_import_starts_are_told_of(tmp_path: Path) -> None:
    """A fork has none of its parent's threads, so whoever starts one at import is warned."""
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True)"
    (tmp_path / "main.py").write_text(f"{thread}.start()\n{APP}")
    with running(SITE % "", tmp_path) as server:
        told = server.wait_for(
            "the app started threads while it was imported; its workers will not have them"
        )
        assert told["threads"] == 1
        assert answers(server.url, 1)
