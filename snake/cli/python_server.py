"""`snake python-server`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import msgspec

from snake.cli.serving import serve
from snake.config.document import Document
from snake.core.errors import DocumentError, SnakeError
from snake.core.modules import decode
from snake.core.units import SECOND
from snake.engine.loaded import Loaded

Json = dict[str, Any]


@click.command("python-server")
@click.option(
    "-t", "--server-type", required=True, type=click.Choice(["wsgi", "asgi"]), help="What it is."
)
@click.option("-a", "--app", required=True, metavar="MODULE:NAME", help="The app, like main:app.")
@click.option("-l", "--listen", metavar="ADDRESS", help="Where to listen; 127.0.0.1:9080.")
@click.option("-w", "--workers", default="0", metavar="N", help="Processes; 0 is one per CPU.")
@click.option("--working-dir", metavar="FOLDER", help="The folder that the app is in.")
@click.option("--venv", metavar="FOLDER", help="Its virtual environment; the active one.")
@click.option("--lifespan", type=click.Choice(["on", "off"]), help="ASGI lifespan.")
@click.option("--static-path", metavar="FOLDER", help="A folder of files to serve.")
@click.option("--static-route", default="/static", metavar="PATH", help="Where; /static.")
@click.option("--debug", is_flag=True, help="Log debug records.")
@click.option("--access-logs", is_flag=True, help="Log requests.")
def command(**flags: Any) -> int:  # noqa: ANN401
    """Serve one Python app without a configuration file."""
    document = decode(msgspec.json.encode(config(**flags)), Document)
    try:
        return serve(lambda: Loaded(document))
    except DocumentError as error:
        raise SnakeError(_as_flags(error.message)) from None


def config(  # noqa: PLR0913  (one for each flag)
    *,
    server_type: str,
    app: str,
    listen: str | None = None,
    workers: str = "0",
    working_dir: str | None = None,
    venv: str | None = None,
    lifespan: str | None = None,
    static_path: str | None = None,
    static_route: str = "/static",
    debug: bool = False,
    access_logs: bool = False,
) -> Json:
    """Return the JSON document for the flags: Caddy Snake's, with the static prefix taken off."""
    if not workers.isdecimal():
        raise SnakeError(f'--workers takes a number, not "{workers}"')
    if static_path and not Path(static_path).is_dir():
        raise SnakeError(f'--static-path takes a folder; there is none at "{static_path}"')
    python: Json = {"handler": "python", f"module_{server_type}": app}
    optional = {
        "lifespan": lifespan,
        "workers": "" if workers == "0" else workers,
        "working_dir": working_dir,
        "venv_path": venv,
    }
    python |= {name: value for name, value in optional.items() if value}
    routes = [_encoded(_files(static_path, static_route), static_route)] if static_path else []
    routes.append(_encoded([python], ""))
    server: Json = {
        "listen": [listen or "127.0.0.1:9080"],
        "routes": [{"handle": [{"handler": "subroute", "routes": routes}]}],
        "idle_timeout": 30 * SECOND,
        "read_header_timeout": 10 * SECOND,
        "max_header_bytes": 10_240,
    }
    if access_logs:
        server["logs"] = {}
    document: Json = {
        "admin": {"config": {"persist": False}},
        "apps": {"http": {"servers": {"srv0": server}}},
    }
    if debug:
        document["logging"] = {"logs": {"default": {"level": "DEBUG"}}}
    return document


def _as_flags(message: str) -> str:
    """Say in flags what a message says in fields; a traceback below it stays as it is."""
    told, line_break, trace = message.partition("\n")
    return re.sub(r"\bmodule_(wsgi|asgi)\b", r"--server-type \1", told) + line_break + trace


def _encoded(handlers: list[Json], prefix: str) -> Json:
    encode: Json = {
        "handler": "encode",
        "encodings": {"gzip": {}, "zstd": {}},
        "prefer": ["zstd", "gzip"],
    }
    return {"match": [{"path": [f"{prefix.rstrip('/')}/*"]}], "handle": [encode, *handlers]}


def _files(folder: str, route: str) -> list[Json]:
    return [
        {"handler": "rewrite", "strip_path_prefix": route.rstrip("/")},
        {"handler": "file_server", "root": folder},
    ]
