"""`snake upgrade`."""

from __future__ import annotations

import importlib

import click

from snake.core.errors import SnakeError


@click.command("upgrade")
@click.option(
    "-k",
    "--keep-backup",
    is_flag=True,
    help="Taken for Caddy's sake: how to go back is told in any case.",
)
def command(keep_backup: bool) -> None:  # noqa: FBT001  (click passes options by name)
    """Install the newest snake in place of this one.

    pip, pipx or uv does it, whichever has installed snake; the command is shown.
    Servers that run go on with what they have until they are started again.
    """
    # All of this is slow, and not for the help.
    from snake.cli.distribution import NAME, version_of  # noqa: PLC0415
    from snake.cli.installer import checkout, installer, run  # noqa: PLC0415

    del keep_backup
    if folder := checkout():
        raise SnakeError(f"this snake is the checkout in {folder}; git pull there upgrades it")
    before = version_of(NAME)
    run(installer().upgrading())
    importlib.invalidate_caches()
    after = version_of(NAME)
    if after == before:
        click.echo(f"{NAME} {before} is the newest")
    else:
        click.echo(f"{NAME} {after} is in the place of {before}; to go back: {NAME}=={before}")
