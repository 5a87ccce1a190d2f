"""`snake python-server`: its flags, and a run of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec
import pytest

from snake.cli.app_document import Flags, document
from snake.cli.main import snake
from snake.cli.python_server import command, read
from snake.python.fields import PythonFields
from tests.server import Server, environment, free_port, run

APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"from the app"]
"""


def made(**flags: Any) -> dict[str, Any]:
    """Return the document of these flags."""
    return document(Flags(**({"app": "main:app", "server_type": "wsgi"} | flags)))


def parsed(*args: str) -> click.Context:
    """Return the flags as click reads them for the command, which is one of snake's."""
    return command.make_context(
        "", list(args), parent=click.Context(snake, **snake.context_settings)
    )


def handlers(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the last handler of each of the document's routes."""
    server = config["apps"]["http"]["servers"]["srv0"]
    return [route["handle"][-1] for route in server["routes"][0]["handle"][0]["routes"]]


def test_the_flags_become_caddy_snakes_document() -> None:
    """The JSON is Caddy Snake's, but that the static prefix is taken off."""
    config = made(static_path="/usr", debug=True, access_logs=True)
    server = config["apps"]["http"]["servers"]["srv0"]
    files, app = server["routes"][0]["handle"][0]["routes"]
    assert config["admin"] == {"config": {"persist": False}}
    assert config["logging"] == {"logs": {"default": {"level": "DEBUG"}}}
    assert server["listen"] == ["127.0.0.1:9080"]
    assert server["logs"] == {}
    assert files["match"] == [{"path": ["/static/*"]}]
    assert files["handle"][1:] == [
        {"handler": "rewrite", "strip_path_prefix": "/static"},
        {"handler": "file_server", "root": "/usr"},
    ]
    assert app["match"] == [{"path": ["/*"]}]
    assert app["handle"][1] == {"handler": "python", "module_wsgi": "main:app"}


ALL: dict[str, tuple[str | None, dict[str, Any]]] = {
    "--workers": ("3", {"workers": "3"}),
    "--threads": ("7", {"threads": "7"}),
    "--working-dir": ("/w", {"working_dir": "/w"}),
    "--venv": ("/v", {"venv_path": "/v"}),
    "--python-path": ("/p", {"python_path": "/p"}),
    "--runtime": ("native", {"runtime": "native"}),
    "--start-timeout": ("-1", {"start_timeout": "-1"}),
    "--request-timeout": ("5s", {"request_timeout": "5s"}),
    "--request-body-max-size": ("1KiB", {"request_body_max_size": "1KiB"}),
    "--max-requests": ("9", {"max_requests": "9"}),
    "--max-memory": ("1GB", {"max_memory": "1GB"}),
    "--max-dynamic-apps": ("3", {"max_dynamic_apps": "3"}),
    "--workers-runtime": ("thread", {"workers_runtime": "thread"}),
    "--lifespan": ("on", {"lifespan": "on"}),
    "--env-file": (".env", {"env_files": [".env"]}),
    "--env-var": ("A=b=c", {"env_vars": {"A": "b=c"}}),
    "--isolation": ("process", {"isolation": {"backend": "process"}}),
    "--cache-url": ("redis://h", {"cache": {"url": "redis://h"}}),
    "--cache-mode": ("local", {"cache": {"mode": "local"}}),
    "--cache-peer": ("a:1", {"cache": {"peers": ["a:1"]}}),
    "--preload": (None, {"preload": "on"}),
    "--autoreload": (None, {"autoreload": "on"}),
}
CADDY_SNAKES = [
    "server-type",
    "app",
    "domain",
    "listen",
    "workers",
    "python-path",
    "working-dir",
    "venv",
    "env-file",
    "env-var",
    "start-timeout",
    "static-path",
    "static-route",
    "debug",
    "access-logs",
    "autoreload",
    "lifespan",
    "runtime",
    "isolation",
    "isolation-image",
    "isolation-network",
    "isolation-docker-host",
    "isolation-memory",
    "isolation-cpus",
    "isolation-read-only",
    "cache-mode",
    "cache-listen",
    "cache-advertise",
    "cache-peer",
    "cache-namespace",
    "cache-secret",
    "max-dynamic-apps",
    "request-body-max-size",
]


@pytest.mark.parametrize("flag", ALL)
def test_flag_is_a_field_of_the_handler(flag: str) -> None:
    """Each flag of the app is its field in the document, which its module accepts."""
    value, expected = ALL[flag]
    ctx = parsed("-a", "a:b", "-t", "asgi", *filter(None, (flag, value)))
    config = json.loads(json.dumps(document(read(ctx.params))))
    python = handlers(config)[-1]
    assert python == {"handler": "python", "module_asgi": "a:b", **expected}
    msgspec.convert({k: v for k, v in python.items() if k != "handler"}, PythonFields)


def test_docker_flags() -> None:
    """The flags of the container are fields of its isolation."""
    flags = "--isolation docker --isolation-image i --isolation-memory 64m --isolation-read-only"
    ctx = parsed("-a", "a:b", *flags.split())
    assert handlers(document(read(ctx.params)))[-1]["isolation"] == {
        "backend": "docker",
        "docker": {"image": "i", "memory": "64m", "read_only": True},
    }


def test_process_flags() -> None:
    """What isolation by processes has as well is its field then."""
    flags = "--isolation process --isolation-memory 512MiB --isolation-user nobody"
    ctx = parsed("-a", "a:b", *flags.split())
    assert handlers(document(read(ctx.params)))[-1]["isolation"] == {
        "backend": "process",
        "process": {"memory": "512MiB", "user": "nobody"},
    }


def test_every_flag_of_caddy_snake_is_there() -> None:
    """Whoever comes from Caddy Snake finds every flag."""
    known = {name for param in command.params for name in param.opts}
    assert {f"--{name}" for name in CADDY_SNAKES} - known == set()


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
        ("--app nothere:app", "nothere"),
        ("--app json:appp", "appp"),
        ("--workers many", '--workers: invalid workers value "many": must be a non-negative'),
        ("--threads 0", "--threads: threads must be a number from 1 to 1000"),
        ("--start-timeout soon", "--start-timeout: invalid start_timeout"),
        ("--request-body-max-size lots", "--request-body-max-size: "),
        ("--max-memory lots", "--max-memory: invalid max_memory"),
        ("--working-dir nowhere", '--working-dir takes a folder; there is none at "nowhere"'),
        ("--app json:loads --venv nowhere", "nowhere"),
        ("--static-path nowhere", "--static-path takes a folder"),
        ("--static-path . --static-route x", "--static-route begins with /"),
        ("--env-var x", '--env-var takes NAME=VALUE, got "x"'),
        ("--env-var LD_X=y", "--env-var: invalid env_var name"),
        ("--domain a/b:c{", "--domain takes a name such as example.com"),
        ("-t esgi", "--server-type esgi is not available in this version of snake"),
        ("-t asgy", "expected one of wsgi, asgi, esgi; got 'asgy'; did you mean \"asgi\"?"),
        ("--isolation dokcer", 'did you mean "docker"?'),
        ("--isolation docker", "--isolation-image: isolation docker requires image"),
        ("--isolation-image x", "--isolation-image takes --isolation docker beside it"),
        ("--isolation-user x", "takes --isolation process or --isolation docker beside it"),
        ("--isolation process --isolation-image x", "--isolation-image takes --isolation docker"),
        ("--isolation process --isolation-memory 1", "--isolation-memory: memory must be at least"),
        ("--wokers 2", "Did you mean one of: '--workers'"),
        ("", "found no app in"),
    ],
)
def test_a_wrong_flag_is_one_message(tmp_path: Path, flags: str, message: str) -> None:
    """What cannot work stops the start with a message and code 1."""
    listen = f"127.0.0.1:{free_port()}"
    done = run("python-server", "-l", listen, *flags.split(), folder=tmp_path)
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


@pytest.mark.slow
def test_app_and_kind_are_found(tmp_path: Path) -> None:
    """Without any flag for it the one app is found and runs as what it is."""
    (tmp_path / "main.py").write_text(
        "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef hi(): return 'hi'\n"
    )
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "snake", "python-server", "-l", f"127.0.0.1:{port}", "-w", "1"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, port, tmp_path)
    try:
        assert len(server.workers()) == 1
        assert httpx.get(server.url).json() == "hi"
        assert server.wait_for("app runs in the workers")["app"] == "main:app"
    finally:
        assert server.stop() == 0
