"""Which server a command is about: the flags that say so, and where its admin API is found."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from snake.cli.admin_client import PORT, AdminClient, listens
from snake.cli.values import ADAPTER, FILE
from snake.core.errors import SnakeError
from snake.core.text import visible

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
            "-c", "--config", type=FILE, metavar="FILE", help="Whose server; ./Caddyfile, if any."
        ),
        click.option(
            "--address", metavar="ADDRESS", help="Where the admin API is: HOST:PORT or unix//PATH."
        ),
    ):
        command = option(command)
    return command


class Place(NamedTuple):
    """Where the admin API of the server that is meant should be."""

    address: str
    file: str = ""
    """The configuration that the server should have; empty where none is known."""
    is_default: bool = False
    """Whether nothing says where it is, so that it may be the server of another configuration."""


def find_client(address: str | None, config: str | None, adapter: str | None) -> AdminClient:
    """Return the client for the server that is meant, as `find` has it. Raises `SnakeError`."""
    return AdminClient(find(address, config, adapter).address)


def find(address: str | None, config: str | None, adapter: str | None) -> Place:
    """Return where the server is that is meant. Nobody may listen there.

    It is found by `--address`, else by the configuration: `--config`, or the Caddyfile of this
    folder. If a server listens on the socket of that file's own, it is that; else `admin` in it
    says where. Without any it is the variable `CADDY_ADMIN`, else `localhost:2019`, or the
    socket in snake's folder when nobody listens there. Raises `SnakeError`, also when the admin
    API is turned off. A Caddyfile of this folder that cannot be read is told of, and no more.
    """
    if address:
        return Place(address)
    file = config or ("Caddyfile" if Path("Caddyfile").is_file() else "")
    if own := own_address(file):
        return Place(own, file)
    named, fault = "", ""
    try:
        named = file and _configured(file, adapter)
    except TurnedOffError:
        raise
    except SnakeError as error:
        if config:
            raise
        fault = str(error).partition("\n")[0].removesuffix(":")
    if named:
        return Place(named, file)
    found = Place(default_address(), file, is_default=not os.environ.get("CADDY_ADMIN"))
    if fault:
        told = f"the server is looked for at {found.address}, as the Caddyfile here cannot be read"
        click.echo(visible(f"{told}: {fault}"), err=True)
    return found


def own_address(file: str) -> str:
    """Return the socket of a configuration's own, if a server listens there; else nothing."""
    if not file or file == "-":
        return ""
    from snake.engine.own_socket import own_socket  # noqa: PLC0415  (seldom needed)

    path = own_socket(file)
    address = f"unix/{path}"
    return address if path.is_socket() and listens(address) else ""


def _configured(config: str, adapter: str | None) -> str:
    """Return the address that a configuration names; empty if it names none."""
    from snake.engine.source import load  # noqa: PLC0415  (slow, seldom needed)

    logger = logging.getLogger("snake")
    if not logger.hasHandlers():
        # What could be written better in the file is not what is asked.
        logger.addHandler(logging.NullHandler())
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
