"""Isolated apps behind a real server: they answer, end with it, and say what is wrong."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.isolation.confining import (
    ROOT,
    SYSTEM_PYTHON,
    UID,
    folder_of,
    needs_python,
    needs_root,
    needs_sandbox,
)
from tests.isolation.recorded_engine import ID, recorded_engine
from tests.server import Server, free_port, run, running

APP = """\
import asyncio, os, sys
def app(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [f"{os.getuid()} {sorted(os.environ)} {sys.version_info[:2]}".encode()]
async def stream(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(3):
        await send({"type": "http.response.body", "body": b"piece", "more_body": True})
    await send({"type": "http.response.body", "body": b""})
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder of an app, which its user can enter."""
    with folder_of() as path:
        yield path


def site(isolation: str, *lines: str) -> str:
    """Return a Caddyfile with one app."""
    lines = lines or ("module_wsgi main:app",)
    body = "\n".join([*lines, "workers 1", 'env_var OWN "x"', isolation])
    return f"http://:PORT {{\npython {{\n{body}\n}}\n}}\n"


def process(*lines: str) -> str:
    """Return `isolation process`, with a user where that is needed."""
    return "\n".join(["isolation process {", *([f"user {UID}"] if ROOT else []), *lines, "}"])


@needs_sandbox
def test_an_app_in_a_sandbox_answers(folder: Path, tmp_path: Path) -> None:
    """It runs with snake's own interpreter and packages, wherever they are; it may stream."""
    (folder / "main.py").write_text(APP)
    lines = ("module_asgi main:stream", f"working_dir {folder}")
    with running(site(process("network off"), *lines), tmp_path) as server:
        assert httpx.get(server.url).text == "piece" * 3
        assert server.wait_for("app runs in a pool")["because"] == "isolation process"


@needs_sandbox
def test_nothing_of_it_is_left_when_the_server_is_killed(folder: Path, tmp_path: Path) -> None:
    """A server that ends without a word takes its sandboxes with it."""
    code = "import subprocess\nsubprocess.Popen(['sleep', '77'])\n"
    (folder / "main.py").write_text(code + APP)
    lines = ("module_wsgi main:app", f"working_dir {folder}")
    with running(site(process(), *lines), tmp_path) as server:
        assert httpx.get(server.url).status_code == 200
        assert _sleeping()
        server.process.kill()
        server.wait()
        end = time.monotonic() + 10
        while _sleeping() and time.monotonic() < end:
            time.sleep(0.05)
        assert not _sleeping()


def _sleeping() -> bool:
    return any(
        path.read_bytes() == b"sleep\x0077\x00"
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists()
    )


@needs_python
@needs_sandbox
async def test_an_app_in_a_container_answers(tmp_path: Path) -> None:
    """The image's Python runs it, with its own variables and the image's."""
    (tmp_path / "main.py").write_text(APP)
    async with recorded_engine() as engine:
        docker = f"isolation docker {{\nimage python:3\ndocker_host {engine.address}\n}}"

        def ask() -> str:
            with running(site(docker), tmp_path) as server:
                return httpx.get(server.url).text

        text = await asyncio.to_thread(ask)

    assert text.startswith(f"{os.getuid()} ")
    assert "'OF_THE_IMAGE'" in text
    assert "'OWN'" in text
    assert engine.requests[-1] == f"DELETE /containers/{ID}"


@pytest.mark.parametrize(
    ("command", "isolation", "line", "message"),
    [
        ("validate", "isolation docker", 6, "isolation docker requires image"),
        ("run", "isolation docker {\nimage a\nmemory x\n}", 8, 'invalid memory "x"'),
        ("run", "isolation process {\nuser root\n}", 7, "user root is no isolation"),
        (
            "validate",
            "isolation docker {\nimage a\ndocker_host unix:///nowhere\n}",
            8,
            "no engine answers at unix:///nowhere",
        ),
        ("run", "isolation process {\nuser nobody-such\n}", 7, 'there is no user "nobody-such"'),
    ],
)
def test_what_is_wrong_has_its_line(
    command: str, isolation: str, line: int, message: str, tmp_path: Path
) -> None:
    """A wrong value, or what is not there on this machine, stops the start and is told once."""
    (tmp_path / "main.py").write_text(APP)
    (tmp_path / "Caddyfile").write_text(site(isolation).replace("PORT", "0"))

    done = run(command, "--config", "Caddyfile", folder=tmp_path)

    assert done.returncode == 1
    assert message in done.stdout + done.stderr
    assert f"Caddyfile:{line}" in done.stdout + done.stderr


@needs_root
def test_root_needs_a_user_for_an_app(tmp_path: Path) -> None:
    """Without one the start is refused, with the line to write."""
    (tmp_path / "main.py").write_text(APP)
    (tmp_path / "Caddyfile").write_text(site("isolation process").replace("PORT", "0"))

    done = run("run", "--config", "Caddyfile", folder=tmp_path)

    assert done.returncode == 1
    assert "name a user for it, like: user www-data" in done.stderr


PYTHON = f"python_path {SYSTEM_PYTHON}"
CACHED = """\
from snake import cache
def app(environ, start_response):
    start_response("200 OK", [])
    return [f"{cache.incr('hits')} {cache.keys()}".encode()]
"""


def counted(server: Server) -> str:
    """Return what the app of `CACHED` says."""
    return httpx.get(server.url).text


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(("bubblewrap off",), marks=[needs_root, needs_python]),
        pytest.param(("bubblewrap on", "network off"), marks=[needs_sandbox, needs_python]),
    ],
    ids=["user", "sandbox"],
)
def test_an_isolated_app_has_a_cache_of_its_own(
    folder: Path, tmp_path: Path, lines: tuple[str, ...]
) -> None:
    """It reaches the cache from where it is, and sees nothing of what others keep in there."""
    (folder / "main.py").write_text(CACHED)
    isolated = site(process(*lines), "module_wsgi main:app", f"working_dir {folder}", PYTHON)
    (tmp_path / "main.py").write_text(CACHED)
    other = "http://127.0.0.1:PORT2 {\npython {\nmodule_wsgi main:app\nworkers 1\n}\n}\n"
    port = free_port()
    with running(isolated + other.replace("PORT2", str(port)), tmp_path) as server:
        assert [counted(server) for _ in range(2)] == ["1 [b'hits']", "2 [b'hits']"]
        assert httpx.get(f"http://127.0.0.1:{port}").text == "1 [b'hits']"
        assert counted(server) == "3 [b'hits']"
