"""`snake add-package`."""

from __future__ import annotations

import importlib

import click

_KEEP = "Taken for Caddy's sake: how to go back is told in any case."


@click.command("add-package")
@click.argument("packages", nargs=-1, required=True, metavar="NAME[@VERSION]...")
@click.option("-k", "--keep-backup", is_flag=True, help=_KEEP)
def command(packages: tuple[str, ...], keep_backup: bool) -> None:  # noqa: FBT001  (click's way)
    """Install packages that add directives or modules to snake.

    pip, pipx or uv does it, whichever has installed snake; the command is shown. A
    package's code runs in the server, with all that the server may: install those
    whose authors you trust. Servers that run do not have it before they are started
    again.

    \b
    snake add-package snake-visitor
    snake add-package snake-visitor@1.2
    """  # noqa: D301  (\b tells click to keep the lines)
    # All of this is slow, and not for the help.
    from snake.cli.distribution import plugins  # noqa: PLC0415
    from snake.cli.installer import installer, run  # noqa: PLC0415
    from snake.cli.package import addable  # noqa: PLC0415

    del keep_backup
    wanted = addable(packages)
    tool = installer()
    before = plugins()
    run(tool.adding([package.requirement for package in wanted]))
    importlib.invalidate_caches()
    after = plugins()
    for name, version in after.items():
        if before.get(name) != version:
            click.echo(f"added {name} {version}; snake list-modules -s lists what it brings")
    names = " ".join(package.name for package in wanted)
    if before == after:
        click.echo(f"{names} brings no directive and no module")
    else:
        click.echo(f"to go back: snake remove-package {names}")
