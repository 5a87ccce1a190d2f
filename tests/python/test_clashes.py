"""Modules of an app that have the names of snake's own packages: both work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.sync.client import connect

from snake.python.clashes import LATE
from tests.server import ROOT, environment, free_port, running

NEW = """
import json, sys
from importlib import import_module
from snake.engine import warm, worker

warm.up()
before = set(sys.modules)
import_module(sys.argv[1])
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(new - sys.stdlib_module_names - {"snake", "__mp_main__"})))
"""


@pytest.mark.parametrize("module", LATE)
def test_the_late_packages_are_all_known(module: str) -> None:
    """What a worker imports late from PyPI is in the table, name by name."""
    command = [sys.executable, "-c", NEW, module]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=30, check=True)
    assert json.loads(done.stdout) == list(LATE[module])


APP = """
import h2, h11, priority, tempfile

async def app(scope, receive, send):
    own = " ".join(module.own for module in (h2, h11, priority, tempfile))
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": own})
        await receive()
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": own.encode()})
"""


@pytest.mark.slow
def test_an_app_and_hypercorn_each_have_their_own(tmp_path: Path) -> None:
    """An app whose modules are named as Hypercorn's gets its own, and HTTP/2 and WebSockets work.

    One of them is in its folder, one in its venv, one is named as a module of Python.
    """
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=60)
    packages = next(venv.glob("lib/python*/site-packages"))
    (packages / "h2").mkdir()
    (packages / "h2-0.1.dist-info").mkdir()
    (packages / "h2" / "__init__.py").write_text("own = 'h2'\n")
    (tmp_path / "main.py").write_text(APP)
    for name in ("h11", "priority", "tempfile"):
        (tmp_path / f"{name}.py").write_text(f"own = {name!r}\n")
    site = ":PORT {\npython {\nmodule_asgi main:app\nworkers 1\nvenv venv\n}\n}\n"
    with running("{\nadmin off\n}\n" + site, tmp_path) as server:
        with connect(f"ws://127.0.0.1:{server.port}/") as client:
            assert client.recv(5) == "h2 h11 priority tempfile"
        command = ["curl", "-sS", "--http2-prior-knowledge", "-w", " %{http_version}", server.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
        assert done.stdout == "h2 h11 priority tempfile 2", done.stderr


@pytest.mark.slow
def test_without_a_clash_hypercorn_waits(tmp_path: Path) -> None:
    """A worker does not import Hypercorn before it is needed."""
    (tmp_path / "main.py").write_text(
        "import sys\n\ndef app(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [b'hypercorn' if 'hypercorn' in sys.modules else b'none']\n"
    )
    port = free_port()
    with running(f":{port} {{\npython main:app\n}}\n", tmp_path, env=environment(tmp_path)):
        done = subprocess.run(
            ["curl", "-sS", f"http://127.0.0.1:{port}"], capture_output=True, timeout=10, check=True
        )
        assert done.stdout == b"none"
