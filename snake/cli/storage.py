"""`snake storage`: what is kept in a storage, taken from one place to another."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from snake.cli.group import Group
from snake.cli.values import ADAPTER, FILE
from snake.core.errors import SnakeError
from snake.core.modules import Context, Registry
from snake.engine.source import load
from snake.standard import MODULES
from snake.storage.archive import read_archive, write_archive
from snake.storage.chosen import chosen
from snake.storage.storage import Storage

_CONFIG = click.option(
    "-c",
    "--config",
    type=FILE,
    metavar="FILE",
    required=True,
    help="The configuration that names it.",
)
_ADAPTER = click.option(
    "-a", "--adapter", type=ADAPTER, metavar="NAME", help="What that file is: caddyfile or json."
)


@click.group("storage", cls=Group, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Copy certificates, keys and accounts out of a storage, or into one.

    The archives are those of Caddy, which reads and writes them as well.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("export")
@_CONFIG
@_ADAPTER
@click.option(
    "-o", "--output", type=FILE, metavar="FILE", required=True, help="The archive; - is stdout."
)
def export(config: str, adapter: str | None, output: str) -> None:
    """Write all that is in a storage into a tar archive. It has private keys in it."""

    async def run() -> int:
        async with _storage(config, adapter) as storage:
            with _output(output) as file:
                return await write_archive(storage, file)

    count = asyncio.run(run())
    if output != "-":
        click.echo(f"Exported {count} values to {output}")


@command.command("import")
@_CONFIG
@_ADAPTER
@click.option(
    "-i", "--input", "source", type=FILE, metavar="FILE", required=True, help="- is stdin."
)
def import_(config: str, adapter: str | None, source: str) -> None:
    """Put all that is in a tar archive into a storage, in place of what has the same name."""
    if config == source == "-":
        raise SnakeError("the configuration and the archive cannot both come from stdin")

    async def run() -> int:
        async with _storage(config, adapter) as storage:
            with _input(source) as file:
                return await read_archive(storage, file)

    click.echo(f"Imported {asyncio.run(run())} values")


@asynccontextmanager
async def _storage(config: str, adapter: str | None) -> AsyncIterator[Storage]:
    """Return the storage of a configuration."""
    loaded = load(config, adapter)
    with loaded.placing():
        async with AsyncExitStack() as stack:
            ctx = Context(Registry(MODULES), stack).at("storage")
            yield await chosen(ctx, loaded.document.storage)


@contextmanager
def _output(name: str) -> Iterator[BinaryIO]:
    """Open a file that only its owner reads. What is there is replaced by a whole archive."""
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    fresh = path if path.exists() and not path.is_file() else path.with_name(f".{path.name}.tmp")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  (an open descriptor)
            yield file
        if fresh != path:
            fresh.replace(path)
    except OSError as error:
        raise SnakeError(f"cannot write {name}: {error.strerror}") from None
    finally:
        if fresh != path:
            fresh.unlink(missing_ok=True)


@contextmanager
def _input(name: str) -> Iterator[BinaryIO]:
    """Open an archive. What comes from stdin is read first: it is looked through twice."""
    try:
        if name != "-":
            with Path(name).open("rb") as file:
                yield file
            return
        with tempfile.TemporaryFile() as spool:
            shutil.copyfileobj(sys.stdin.buffer, spool)
            spool.seek(0)
            yield spool
    except OSError as error:
        raise SnakeError(f"cannot read {name}: {error.strerror}") from None
