"""`snake validate`."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from types import FrameType
from typing import NoReturn

import click

from snake.cli.environment import load_files
from snake.cli.values import ADAPTER, FILE
from snake.engine import needs
from snake.engine.loaded import Loaded
from snake.engine.overview import AppView
from snake.engine.source import load
from snake.logs.app import default_logs


@click.command("validate")
@click.option("-c", "--config", type=FILE, metavar="FILE", help="The configuration; - is stdin.")
@click.option(
    "-a", "--adapter", type=ADAPTER, metavar="NAME", help="What the file is: caddyfile or json."
)
@click.option(
    "--envfile", "envfiles", multiple=True, type=FILE, metavar="FILE", help="NAME=VALUE lines."
)
def command(config: str | None, adapter: str | None, envfiles: tuple[str, ...]) -> None:
    """Tell whether a configuration works.

    Everything is done that `run` does, importing the apps included, but nothing
    listens and nothing is served.
    """
    load_files(envfiles)
    signal.signal(signal.SIGINT, _interrupt)
    default_logs().install()
    for view in asyncio.run(check(load(config, adapter))):
        click.echo(f"app {view.line}")
    click.echo("Valid configuration")


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End at once. An exception would seem to be the app's, whose import this may interrupt."""
    del number, frame
    click.echo("Error: interrupted", err=True)
    os._exit(1)


async def check(loaded: Loaded) -> list[AppView]:
    """Check every type in a document, then provision it and close it again.

    Returns the view of every app. Raises `SnakeError`.
    """
    # A bad file needs none of it.
    from snake.core.check import check as check_types  # noqa: PLC0415
    from snake.core.modules import Context  # noqa: PLC0415
    from snake.engine.admin_address import admin_address  # noqa: PLC0415
    from snake.engine.automatic import effective  # noqa: PLC0415
    from snake.engine.pools import trial  # noqa: PLC0415
    from snake.engine.provision import provision  # noqa: PLC0415
    from snake.engine.warm import registry  # noqa: PLC0415
    from snake.python.plan import apps  # noqa: PLC0415
    from snake.python.pools import Pools  # noqa: PLC0415
    from snake.tls.challenge import Desk  # noqa: PLC0415
    from snake.tls.ring import Ring, Update, decode  # noqa: PLC0415

    with loaded.placing():
        check_types(loaded.document, registry())
        runs = effective(loaded.document)
    with loaded.placing(), runs.placing():
        needs.addresses(runs.document)
        needs.grace_period(runs.document)
        needs.shutdown_delay(runs.document)
        admin_address(runs.document, apps(runs.document))
        async with AsyncExitStack() as stack:
            ctx = Context(registry(), stack)
            ring = Ring()
            if runs.has_certificates:
                from snake.engine.certificates import Certificates  # noqa: PLC0415

                certificates = await Certificates.provision(ctx, runs, Desk())
                stack.push_async_callback(certificates.aclose)
                ring.update(decode(certificates.told, Update))
            pools, views = await trial(runs.document, stack)
            await provision(runs.document, stack, {Pools: pools, Ring: ring})
            return views
