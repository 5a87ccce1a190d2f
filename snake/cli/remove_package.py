"""`snake remove-package`."""

from __future__ import annotations

import click

_KEEP = "Taken for Caddy's sake: how to go back is told in any case."


@click.command("remove-package")
@click.argument("packages", nargs=-1, required=True, metavar="NAME...")
@click.option("-k", "--keep-backup", is_flag=True, help=_KEEP)
def command(packages: tuple[str, ...], keep_backup: bool) -> None:  # noqa: FBT001  (click's way)
    """Remove packages that add directives or modules to snake.

    What snake needs itself is never removed, and neither is what adds nothing to it.
    A configuration that uses what is gone does not load any more: snake validate
    tells.
    """
    # All of this is slow, and not for the help.
    from snake.cli.distribution import version_of  # noqa: PLC0415
    from snake.cli.installer import installer, run  # noqa: PLC0415
    from snake.cli.package import removable  # noqa: PLC0415

    del keep_backup
    names = removable(packages)
    back = " ".join(f"{name}@{version_of(name)}" for name in names)
    run(installer().removing(names))
    click.echo(f"to go back: snake add-package {back}")
