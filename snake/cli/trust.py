"""`snake trust`."""

from __future__ import annotations

import click

from snake.cli.values import ADAPTER, FILE
from snake.core.errors import SnakeError


@click.command("trust")
@click.option("--ca", metavar="ID", help="The authority to trust: local.")
@click.option("--address", metavar="ADDRESS", help="Where the server is: HOST:PORT, unix//PATH.")
@click.option(
    "-c", "--config", type=FILE, metavar="FILE", help="The configuration: ./Caddyfile, if any."
)
@click.option(
    "-a", "--adapter", type=ADAPTER, metavar="NAME", help="What the file is: caddyfile or json."
)
def command(ca: str | None, address: str | None, config: str | None, adapter: str | None) -> None:
    """Have this machine trust the root of an authority of snake's own.

    Then browsers and other programs accept the certificates of `tls internal`. The server
    does it by itself when it may; one that runs as a user who may not needs this.

    The server that runs is asked for the root, by its admin API. When none runs, it is taken
    from the storage of the configuration, where a server has put it before. It is added to the
    store of the system (as root, or with sudo), to those of Firefox and Chromium of this user,
    and to that of Java in JAVA_HOME.

    \b
    sudo snake trust
    snake trust --config /etc/snake/Caddyfile --ca office

    The exit code is 1 if a store that is here does not take it.
    """  # noqa: D301  (\b tells click to keep the lines)
    # Half of these take a while to load, which the help should not.
    from snake.cli.local_trust import find_root, tell  # noqa: PLC0415
    from snake.pki.trust.outcome import Deed, install  # noqa: PLC0415
    from snake.pki.trust.stores import stores  # noqa: PLC0415
    from snake.pki.trust.tool import Rights  # noqa: PLC0415

    root = find_root(ca, address, config, adapter)
    outcomes = install(root, stores(), Rights.of_terminal())
    tell(outcomes)
    if not any(each.deed in (Deed.ADDED, Deed.TRUSTED) for each in outcomes):
        raise SnakeError("no store of this machine has it now")
