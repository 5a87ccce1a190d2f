"""`snake reload`."""

from __future__ import annotations

from pathlib import Path

import click

from snake.cli.admin_address import default_address
from snake.cli.admin_client import AdminClient, RefusedError
from snake.core.errors import DocumentError, SnakeError
from snake.engine.loaded import Loaded
from snake.engine.source import beside, load
from snake.logs.app import default_logs

_REFUSED = "loading config: loading new config: "
"""What comes before the message of the document's own faults."""


@click.command("reload")
@click.option("-c", "--config", metavar="FILE", help="The configuration; - is stdin.")
@click.option("-a", "--adapter", metavar="NAME", help="What the file is: caddyfile or json.")
@click.option(
    "--address", metavar="ADDRESS", help="Where the admin API is: HOST:PORT or unix//PATH."
)
@click.option("-f", "--force", is_flag=True, help="Reload even what has not changed.")
def command(config: str | None, adapter: str | None, address: str | None, *, force: bool) -> None:
    """Have the server that runs take a configuration in place of its own.

    Without --config it is the file Caddyfile of this folder. No request is lost, and when the
    configuration cannot run, the one before serves on. The server is asked by its admin API, at
    the address that the new configuration names: where that is to change, give --address.
    """
    default_logs().install()
    file = config or beside()
    loaded = load(file, adapter)
    headers = {} if file == "-" else _source(file, adapter)
    if force:
        headers["Cache-Control"] = "must-revalidate"
    client = AdminClient(address or _address(loaded))
    try:
        client.ask("POST", "/load", loaded.json, headers=headers, limit=None)
    except RefusedError as error:
        raise _placed(error, loaded) from None


def _source(file: str, adapter: str | None) -> dict[str, str]:
    """Return what tells the server which file to read at SIGUSR1, wherever it runs."""
    fields = {"Caddy-Config-Source-File": str(Path(file).absolute())}
    return fields | ({"Caddy-Config-Source-Adapter": adapter} if adapter else {})


def _address(loaded: Loaded) -> str:
    admin = loaded.document.admin
    named = admin.listen if admin is not None and not admin.disabled else ""
    return named or default_address()


def _placed(error: RefusedError, loaded: Loaded) -> SnakeError:
    """Return a refusal with its place in the Caddyfile, if it is about a part of that."""
    message = str(error).removeprefix(_REFUSED)
    path, colon, rest = message.partition(": ")
    if not colon or message == str(error):
        return error
    try:
        with loaded.placing():
            raise DocumentError(rest, path)
    except SnakeError as placed:
        return placed
