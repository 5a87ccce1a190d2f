"""Which server a command is about: the flags that say so, and where its admin API is found."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from snake.cli.admin_client import PORT, AdminClient, listens
from snake.cli.values import ADAPTER, FILE
from snake.core.errors import SnakeError

DEFAULT = f"localhost:{PORT}"
"""Where the admin API is when nothing says where, as Caddy's is."""

Command = TypeVar("Command", bound=Callable[..., Any])


class TurnedOffError(SnakeError):
    """What says where the admin API is says that there is none."""


def address_options(command: Command) -> Command:
    """Give a command `--address`, `--config` and `--adapter`, which `find_client` takes."""
    for option in (
        click.option(
            "-a", "--adapter", type=ADAPTER, metavar="NAME", help="What it is: caddyfile or json."
        ),
        click.option(
            "-c", "--config", type=FILE, metavar="FILE", help="The configuration that says where."
        ),
        click.option(
            "--address", metavar="ADDRESS", help="Where the admin API is: HOST:PORT or unix//PATH."
        ),
    ):
        command = option(command)
    return command


def find_client(address: str | None, config: str | None, adapter: str | None) -> AdminClient:
    """Return the client for the server that is meant. Nobody may listen there.

    It is found by `--address`, else by `admin` in the configuration, else by the variable
    `CADDY_ADMIN`, else it is `localhost:2019`, or the socket in snake's folder when nobody
    listens there. Raises `SnakeError`, also when the admin API is turned off.
    """
    return AdminClient(address or (config and _configured(config, adapter)) or default_address())


def _configured(config: str, adapter: str | None) -> str:
    """Return the address that a configuration names; empty if it names none."""
    from snake.engine.source import load  # noqa: PLC0415  (slow, seldom needed)

    admin = load(config, adapter).document.admin
    if admin is None:
        return ""
    if admin.disabled:
        raise TurnedOffError(f"{config} turns the admin API off, so its server cannot be asked")
    return admin.listen


def default_address() -> str:
    """Return where a server is whose configuration names no address. Raises `SnakeError`."""
    named = os.environ.get("CADDY_ADMIN", "")
    if named == "off":
        raise TurnedOffError(
            "CADDY_ADMIN=off turns the admin API off; say where it is with --address"
        )
    if named:
        return named
    from snake.engine.autosave import config_folder  # noqa: PLC0415  (seldom needed)

    socket = f"unix/{config_folder() / 'admin.sock'}"
    return DEFAULT if listens(DEFAULT) or not listens(socket) else socket
