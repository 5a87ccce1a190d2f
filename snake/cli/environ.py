"""`snake environ`."""

from __future__ import annotations

import click

from snake.cli.environment import load_files, print_all
from snake.cli.values import FILE


@click.command("environ")
@click.option(
    "--envfile", "envfiles", multiple=True, type=FILE, metavar="FILE", help="NAME=VALUE lines."
)
def command(envfiles: tuple[str, ...]) -> None:
    """Print the environment that snake sees here, after the folders that it uses.

    A service manager starts snake in another one; there, snake run --environ prints it.
    Mind that variables may hold secrets.
    """
    load_files(envfiles)
    print_all()
