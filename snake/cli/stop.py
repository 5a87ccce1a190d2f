"""`snake stop`."""

from __future__ import annotations

import click

from snake.cli.admin_address import address_options, find_client


@click.command("stop")
@address_options
def command(address: str | None, config: str | None, adapter: str | None) -> None:
    """Stop the server that runs, as SIGTERM would: requests are finished first.

    It is asked by its admin API, where that of snake usually is, unless --address
    says where or --config names the configuration that does.
    """
    find_client(address, config, adapter).ask("POST", "/stop")
