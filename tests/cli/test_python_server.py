"""`snake python-server`: its flags, and a run of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from snake.cli.python_server import config
from tests.server import Server, environment, free_port, run

APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"from the app"]
"""


def test_the_flags_become_caddy_snakes_document() -> None:
    """The JSON is Caddy Snake's, but that the static prefix is taken off."""
    made = config(
        server_type="wsgi", app="main:app", static_path="/usr", debug=True, access_logs=True
    )
    server = made["apps"]["http"]["servers"]["srv0"]
    files, app = server["routes"][0]["handle"][0]["routes"]
    assert made["admin"] == {"config": {"persist": False}}
    assert made["logging"] == {"logs": {"default": {"level": "DEBUG"}}}
    assert server["listen"] == ["127.0.0.1:9080"]
    assert server["logs"] == {}
    assert files["match"] == [{"path": ["/static/*"]}]
    assert files["handle"][1:] == [
        {"handler": "rewrite", "strip_path_prefix": "/static"},
        {"handler": "file_server", "root": "/usr"},
    ]
    assert app["match"] == [{"path": ["/*"]}]
    assert app["handle"][1] == {"handler": "python", "module_wsgi": "main:app"}


def test_optional_flags_are_passed_on() -> None:
    """--workers, --venv, --working-dir and --lifespan are fields of the handler."""
    made = config(
        server_type="asgi", app="a:b", workers="3", working_dir="/w", lifespan="on", venv="/v"
    )
    routes = made["apps"]["http"]["servers"]["srv0"]["routes"][0]["handle"][0]["routes"]
    assert routes[0]["handle"][1] == {
        "handler": "python",
        "module_asgi": "a:b",
        "lifespan": "on",
        "workers": "3",
        "working_dir": "/w",
        "venv_path": "/v",
    }


def test_it_serves_the_app_and_the_files(tmp_path: Path) -> None:
    """The app answers, and /static/x is the file x."""
    (tmp_path / "main.py").write_text(APP)
    (tmp_path / "files").mkdir()
    (tmp_path / "files/a.txt").write_text("from the file")
    port = free_port()
    flags = ["-t", "wsgi", "--app", "main:app", "-l", f"127.0.0.1:{port}", "-w", "1"]
    flags += ["--static-path", "files", "--access-logs"]
    process = subprocess.Popen(
        [sys.executable, "-m", "snake", "python-server", *flags],
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, port, tmp_path)
    try:
        assert len(server.workers()) == 1
        assert httpx.get(f"{server.url}/").text == "from the app"
        assert httpx.get(f"{server.url}/static/a.txt").text == "from the file"
        server.wait_for("handled request", count=2)
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--app", "nothere:app"], "nothere"),
        (["--app", "json:appp"], "appp"),
        (["--app", "json:loads", "--workers", "many"], '--workers takes a number, not "many"'),
        (["--app", "json:loads", "--working-dir", "nowhere"], "nowhere"),
        (["--app", "json:loads", "--venv", "nowhere"], "nowhere"),
        (["--app", "json:loads", "--static-path", "nowhere"], "--static-path takes a folder"),
    ],
)
def test_a_wrong_flag_is_one_message(tmp_path: Path, flags: list[str], message: str) -> None:
    """What cannot work stops the start with a message and code 1."""
    listen = f"127.0.0.1:{free_port()}"
    done = run("python-server", "-t", "wsgi", "-l", listen, *flags, folder=tmp_path)
    assert done.returncode == 1
    assert "Error: " in done.stderr
    assert message in done.stderr


def test_the_wrong_kind_of_app_is_told_in_flags(tmp_path: Path) -> None:
    """Who has written flags is told the flag, and no path of a document that was never written."""
    (tmp_path / "main.py").write_text(APP)
    listen = f"127.0.0.1:{free_port()}"
    done = run("python-server", "-t", "asgi", "-a", "main:app", "-l", listen, folder=tmp_path)
    assert done.returncode == 1
    message = done.stderr.splitlines()[-1]
    assert message.startswith('Error: the app "main:app" is a WSGI app')
    assert message.endswith("name it with --server-type wsgi")


def test_the_document_is_json() -> None:
    """Every flag's default gives a document that encodes."""
    assert json.dumps(config(server_type="wsgi", app="a:b"))
