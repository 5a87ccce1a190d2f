"""`snake reload`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from snake.admin.load import UNCHANGED
from snake.cli.admin_address import Place, default_address, own_address
from snake.cli.admin_client import AdminClient, RefusedError
from snake.cli.whose_server import server_at
from snake.core.errors import DocumentError, SnakeError
from snake.core.text import visible
from snake.engine.loaded import Loaded
from snake.engine.source import beside, load
from snake.logs.app import default_logs

_REFUSED = "loading config: loading new config: "
"""What comes before the message of the document's own faults."""
_UNCHANGED = (
    "the configuration is unchanged, so nothing was reloaded; --force reloads all the same, "
    "as for new code of apps"
)


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
    place = _place(address, file, loaded)
    client = AdminClient(place.address)
    before = server_at(client) if place.is_default else None
    try:
        answer = client.ask("POST", "/load", loaded.json, headers=headers, limit=None)
    except RefusedError as error:
        raise _placed(error, loaded) from None
    if answer.headers.get(UNCHANGED):
        click.echo(_UNCHANGED, err=True)
    elif before is not None and not before.is_of(file):
        click.echo(visible(f"reloaded {before}"), err=True)


def _source(file: str, adapter: str | None) -> dict[str, str]:
    """Return what tells the server which file to read at SIGUSR1, wherever it runs."""
    fields = {"Caddy-Config-Source-File": str(Path(file).absolute())}
    return fields | ({"Caddy-Config-Source-Adapter": adapter} if adapter else {})


def _place(address: str | None, file: str, loaded: Loaded) -> Place:
    """Return where the server is asked; on the socket of the file's own, if one listens there."""
    admin = loaded.document.admin
    named = admin.listen if admin is not None and not admin.disabled else ""
    if known := address or own_address(file) or named:
        return Place(known)
    return Place(default_address(), is_default=not os.environ.get("CADDY_ADMIN"))


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
