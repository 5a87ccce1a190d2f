"""`snake certs`."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import click
import msgspec

from snake.cli.environment import load_files
from snake.cli.quantities import NONE, span
from snake.cli.table import table as lines_of
from snake.cli.values import ADAPTER, FILE
from snake.engine.automatic import effective
from snake.engine.loaded import Loaded
from snake.engine.source import load
from snake.tls.managed import Status

HEADS = ("NAME", "ISSUER", "EXPIRES", "RENEWS", "LAST ERROR")
_MOMENTS = frozenset({"not_before", "not_after", "renew_at", "next_at"})
"""Fields in seconds since the epoch."""


@click.command("certs")
@click.option("-c", "--config", type=FILE, metavar="FILE", help="The configuration; - is stdin.")
@click.option(
    "-a", "--adapter", type=ADAPTER, metavar="NAME", help="What the file is: caddyfile or json."
)
@click.option(
    "--envfile", "envfiles", multiple=True, type=FILE, metavar="FILE", help="NAME=VALUE lines."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an array of objects.")
def command(
    config: str | None,
    adapter: str | None,
    envfiles: tuple[str, ...],
    as_json: bool,  # noqa: FBT001  (click passes it by name)
) -> int:
    """List the certificates of a configuration.

    All that its storage has, those in files, and the names that have none yet: who issued them,
    when they expire and are renewed, and what went wrong last. The exit code is 1 when a name has
    no certificate, or one that has expired.
    """
    load_files(envfiles)
    statuses = asyncio.run(_statuses(load(config, adapter)))
    now = time.time()
    if as_json:
        told = [_without_nothing(msgspec.to_builtins(status)) for status in statuses]
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(told)).decode() + "\n")
    else:
        for line in table(statuses, now):
            click.echo(line)
    return 1 if any(status.not_after <= now for status in statuses) else 0


def _without_nothing(status: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a status, with null where there is no moment."""
    return {
        name: None if value == 0 and name in _MOMENTS else value for name, value in status.items()
    }


async def _statuses(loaded: Loaded) -> Sequence[Status]:
    from snake.core.modules import Context  # noqa: PLC0415  (a bad file needs none of it)
    from snake.engine.warm import registry  # noqa: PLC0415
    from snake.storage.chosen import chosen  # noqa: PLC0415
    from snake.tls.app import load_certificates  # noqa: PLC0415
    from snake.tls.census import census  # noqa: PLC0415

    with loaded.placing():
        runs = effective(loaded.document)
        async with AsyncExitStack() as stack:
            ctx = Context(registry(), stack)
            storage = await chosen(ctx.at("storage"), runs.document.storage)
            place = ctx.at("apps", "tls", "certificates")
            files, automated = await load_certificates(place, runs.tls)
            found = await census(storage, [*automated, *runs.names], files)
    for fault in found.faults:
        click.echo(f"Warning: {fault}", err=True)
    return found.statuses


def table(statuses: Sequence[Status], now: float) -> Iterator[str]:
    """Yield the lines of a table for people."""
    if not statuses:
        yield "There are no certificates, and no site that needs one."
        return
    yield from lines_of(HEADS, *(_row(status, now) for status in statuses))


def _row(status: Status, now: float) -> tuple[str, ...]:
    if not status.not_after:
        expires = "no certificate"
    elif status.not_after <= now:
        expires = f"EXPIRED {span(now - status.not_after)} ago"
    else:
        expires = f"in {span(status.not_after - now)}"
    renews = NONE
    if status.error and status.next_at:
        renews = f"tried again in {span(status.next_at - now)}" if status.next_at > now else "now"
    elif status.renew_at:
        renews = f"in {span(status.renew_at - now)}" if status.renew_at > now else "due"
    return status.name, status.issuer or NONE, expires, renews, status.error or NONE
