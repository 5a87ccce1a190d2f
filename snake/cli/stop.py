"""`snake stop`."""

from __future__ import annotations

import click

from snake.cli.admin_address import address_options, find
from snake.cli.admin_client import AdminClient
from snake.cli.ending import watched
from snake.cli.whose_server import Server, server_at
from snake.core.errors import SnakeError
from snake.core.text import visible

_SILENCE = 1.0
"""Seconds after which it is said what is waited for."""


@click.command("stop")
@address_options
def command(address: str | None, config: str | None, adapter: str | None) -> None:
    """Stop the server that runs, as SIGTERM would: requests are finished first.

    This returns when its process has ended. The server is that of --config, or of the Caddyfile
    in this folder, or whichever listens where the admin API of snake usually is. A server of
    another configuration is ended only by its --address.
    """
    place = find(address, config, adapter)
    client = AdminClient(place.address)
    server = server_at(client)
    if server is not None and place.is_default and not server.is_of(place.file):
        raise SnakeError(
            f"no server of {place.file} is found; at {place.address} is {server}; "
            f"to end that one: snake stop --address {place.address}"
        )
    with watched(server) as ends:
        client.ask("POST", "/stop")
        if ends is not None and not ends(_SILENCE):
            click.echo(visible(_waiting(server)), err=True)
            ends(None)


def _waiting(server: Server | None) -> str:
    count = server.in_flight if server is not None else 0
    if not count:
        return "stopping"
    return f"stopping; {count} {'requests are' if count > 1 else 'request is'} finished first"
