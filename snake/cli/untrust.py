"""`snake untrust`."""

from __future__ import annotations

import click

from snake.cli.values import ADAPTER, FILE
from snake.core.errors import SnakeError


@click.command("untrust")
@click.option(
    "-p", "--cert", type=FILE, metavar="FILE", help="The root, instead of one in a storage."
)
@click.option("--ca", metavar="ID", help="The authority to trust no more: local.")
@click.option("--address", metavar="ADDRESS", help="Where the server is: HOST:PORT, unix//PATH.")
@click.option(
    "-c", "--config", type=FILE, metavar="FILE", help="The configuration: ./Caddyfile, if any."
)
@click.option(
    "-a", "--adapter", type=ADAPTER, metavar="NAME", help="What the file is: caddyfile or json."
)
def command(
    cert: str | None,
    ca: str | None,
    address: str | None,
    config: str | None,
    adapter: str | None,
) -> None:
    """Undo what snake trust has done, in the same stores.

    The root and all certificates stay in their storage; programs only do not trust them any
    more. A root that is no longer in a storage is named by its file.

    \b
    sudo snake untrust
    sudo snake untrust --cert old-root.crt

    The exit code is 1 if a store cannot be changed. A store that has not the root is in order.
    """  # noqa: D301  (\b tells click to keep the lines)
    from snake.cli.local_trust import (  # noqa: PLC0415  (slow to load, and not for the help)
        find_root,
        read_root,
        tell,
    )
    from snake.pki.trust.outcome import uninstall  # noqa: PLC0415
    from snake.pki.trust.stores import stores  # noqa: PLC0415
    from snake.pki.trust.tool import Rights  # noqa: PLC0415

    if cert and (ca or address or config):
        raise SnakeError("--cert names the root itself: it goes without --ca, --address, --config")
    root = read_root(cert) if cert else find_root(ca, address, config, adapter)
    tell(uninstall(root, stores(), Rights.of_terminal()))
