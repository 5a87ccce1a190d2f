"""`snake python-server`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec.structs import replace

from snake.cli.app_document import Flags, check, document, in_flags
from snake.cli.serving import serve
from snake.cli.values import FILE, FOLDER, OneOf
from snake.config.document import Document
from snake.core.errors import DocumentError
from snake.core.modules import decode
from snake.engine.loaded import Loaded

OPTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "python": (
        ("--workers", "N", "Processes; 0, the default, is one for each CPU."),
        ("--threads", "N", "Threads that a WSGI app may have at work at once."),
        ("--working-dir", "FOLDER", "The folder that the app is in; the current one."),
        ("--venv", "FOLDER", "Its virtual environment; the active one."),
        ("--python-path", "FILE", "The interpreter that runs it; the venv's, or snake's own."),
        ("--runtime", "NAME", "wsgi: sync; asgi: uvloop or native."),
        ("--start-timeout", "TIME", "How long it may take to start, or forever; 120s."),
        ("--request-timeout", "TIME", "How long it may take for a request."),
        ("--request-body-max-size", "SIZE", "The largest body that is taken, like 10MiB."),
        ("--max-requests", "N", "Replace a process when it has had so many requests."),
        ("--max-memory", "SIZE", "Replace a process when it has grown so large."),
        ("--max-dynamic-apps", "N", "The most apps that placeholders may choose."),
    ),
    "docker": (
        ("--isolation-image", "NAME", "The image of the container."),
        ("--isolation-network", "NAME", "Its network."),
        ("--isolation-docker-host", "ADDRESS", "Where the engine is; DOCKER_HOST."),
        ("--isolation-memory", "SIZE", "Its memory, like 512m; that of each process."),
        ("--isolation-user", "USER", "Whose processes they are."),
        ("--isolation-cpus", "N", "Its processors, like 1.5."),
    ),
    "cache": (
        ("--cache-url", "URL", "A Redis or Valkey for the cache: redis://HOST."),
        ("--cache-mode", "MODE", "local, the default."),
        ("--cache-listen", "ADDRESS", ""),
        ("--cache-advertise", "ADDRESS", ""),
        ("--cache-namespace", "NAME", ""),
        ("--cache-secret", "TEXT", ""),
    ),
}
"""The flags that have a text, by the part of the document that they are for.

Without a help they are not shown: those of Caddy Snake's cluster, which is refused by name.
"""

_TYPES = {"FILE": FILE, "FOLDER": FOLDER}

Command = Callable[..., Any]


def _texts(part: str) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for flag, metavar, help in reversed(OPTIONS[part]):  # noqa: A001
            names = ("-w", flag) if flag == "--workers" else (flag,)
            type = _TYPES.get(metavar)
            option = click.option(
                *names, metavar=metavar, default="", help=help, hidden=not help, type=type
            )
            command = option(command)
        return command

    return add


@click.command("python-server")
@click.option("-a", "--app", metavar="MODULE:NAME", default="", help="The app, like main:app.")
@click.option("-t", "--server-type", type=OneOf(["wsgi", "asgi", "esgi"]), help="What it is.")
@click.option("-l", "--listen", metavar="ADDRESS", default="", help="127.0.0.1:9080.")
@click.option("-d", "--domain", metavar="NAME", default="", help="Serve it by HTTPS, on :443.")
@_texts("python")
@click.option("--workers-runtime", type=OneOf(["process", "thread"]), help="What a worker is.")
@click.option("--preload", is_flag=True, help="Import the app once, for all processes.")
@click.option("--lifespan", type=OneOf(["on", "off"]), help="ASGI lifespan; off.")
@click.option("--autoreload", is_flag=True, help="Reload the app when its files change.")
@click.option(
    "--env-file", "env_files", type=FILE, metavar="FILE", multiple=True, help="NAME=VALUE lines."
)
@click.option("--env-var", "env_vars", metavar="NAME=VALUE", multiple=True, help="A variable.")
@click.option(
    "--static-path", type=FOLDER, metavar="FOLDER", default="", help="A folder of files to serve."
)
@click.option("--static-route", metavar="PATH", default="/static", help="Where; /static.")
@click.option("--debug", is_flag=True, help="Log debug records.")
@click.option("--access-logs", is_flag=True, help="Log requests.")
@click.option("--isolation", type=OneOf(["none", "process", "docker"]), help="Keep it apart.")
@_texts("docker")
@click.option("--isolation-read-only", is_flag=True, help="Let it write nowhere.")
@_texts("cache")
@click.option("--cache-peer", "cache_peers", metavar="ADDRESS", multiple=True, hidden=True)
def command(**given: Any) -> int:  # noqa: ANN401
    """Serve one Python app without a configuration file.

    Without --app it is the one that is found in main.py, app.py, asgi.py, wsgi.py and the like, or
    that Django's manage.py names. --app may be a file as well: main.py.
    """
    flags = read(given)
    check(flags)
    app, kind = app_of(given)
    flags = replace(flags, app=app, server_type=kind)
    loaded = Loaded(decode(msgspec.json.encode(document(flags)), Document))
    try:
        return serve(lambda: loaded)
    except DocumentError as error:
        raise in_flags(error) from None


def read(given: dict[str, Any]) -> Flags:
    """Return the flags as they are given."""
    python = {_field(flag): given[_field(flag)] for flag, _, _ in OPTIONS["python"]}
    python["venv_path"] = python.pop("venv")
    python |= {name: given[name] for name in ("lifespan", "workers_runtime", "env_files")}
    python |= {name: "on" for name in ("preload", "autoreload") if given[name]}
    names = ("domain", "listen", "static_path", "static_route", "debug", "access_logs", "env_vars")
    return Flags(
        app=given["app"],
        server_type=given["server_type"] or "",
        python=python,
        isolation=given["isolation"] or "",
        docker=_part("docker", "isolation_", given) | {"read_only": given["isolation_read_only"]},
        cache=_part("cache", "cache_", given) | {"peers": given["cache_peers"]},
        **{name: given[name] for name in names},
    )


def app_of(given: dict[str, Any]) -> tuple[str, str]:
    """Return the app, and what it is. Raises `SnakeError` when none is found, or several are.

    One of which it is not seen what it is, is named as WSGI: when it is loaded, it is asked.
    """
    app, kind = given["app"], given["server_type"] or ""
    if kind and ":" in app and not app.partition(":")[0].endswith(".py"):
        return app, kind
    # Whoever says all of it waits for nothing.
    from snake.cli.find_app import find_app, named  # noqa: PLC0415

    folder = Path(given["working_dir"] or ".").resolve()
    found = named(folder, app) if app else find_app(folder, kind)
    return found.name, kind or found.kind or "wsgi"


def _part(part: str, prefix: str, given: dict[str, Any]) -> dict[str, Any]:
    fields = [_field(flag) for flag, _, _ in OPTIONS[part]]
    return {field.removeprefix(prefix): given[field] for field in fields}


def _field(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")
