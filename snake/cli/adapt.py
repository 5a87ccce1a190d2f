"""`snake adapt`."""

from __future__ import annotations

import gc
import logging
import re
import time
from collections.abc import Sequence

import click
import msgspec

from snake.caddyfile.errors import CaddyfileWarning
from snake.cli.environment import load_files
from snake.cli.values import ADAPTER, FILE
from snake.config.document import Document, encode
from snake.core.errors import SnakeError
from snake.engine.source import adapt_caddyfile, beside, read

CADDYFILE = "caddyfile"

_ESCAPES = str.maketrans(
    {char: f"\\u{ord(char):04x}" for char in ("<", ">", "&", "\u2028", "\u2029")}
)
"""What Go writes escaped. In JSON these characters stand in strings only."""


_INDENT = re.compile(rb"^ +", re.MULTILINE)


@click.command("adapt")
@click.option("-c", "--config", type=FILE, metavar="FILE", help="The Caddyfile; - is stdin.")
@click.option(
    "-a", "--adapter", type=ADAPTER, metavar="NAME", default=CADDYFILE, help="What the file is."
)
@click.option("-p", "--pretty", is_flag=True, help="Print on several lines.")
@click.option("--validate", is_flag=True, help="Tell also whether the result works.")
@click.option(
    "--envfile", "envfiles", multiple=True, type=FILE, metavar="FILE", help="NAME=VALUE lines."
)
def command(
    config: str | None,
    adapter: str,
    pretty: bool,  # noqa: FBT001  (click passes options by name)
    validate: bool,  # noqa: FBT001
    envfiles: tuple[str, ...],
) -> None:
    """Print a Caddyfile as JSON, the same that Caddy would."""
    if adapter != CADDYFILE:
        raise SnakeError(f'unrecognized config adapter: {adapter}; there is only "{CADDYFILE}"')
    load_files(envfiles)
    # A large Caddyfile is many objects, which all live to the end.
    gc.disable()
    name = config or beside()
    loaded, warnings = adapt_caddyfile(read(name), name)
    click.echo(as_text(loaded.document, pretty=pretty))
    if warnings:
        _warn(warnings)
    if validate:
        gc.enable()
        # Provisioning takes the server's half of the program, apps included.
        import asyncio  # noqa: PLC0415

        from snake.cli.validate import check  # noqa: PLC0415

        asyncio.run(check(loaded))


def _warn(warnings: Sequence[CaddyfileWarning]) -> None:
    from snake.logs.encoders import Record  # noqa: PLC0415  (most Caddyfiles need no warning)
    from snake.logs.targets import default_target  # noqa: PLC0415

    target = default_target()
    for warning in warnings:
        place = {"file": warning.file, "line": warning.line}
        record = Record(logging.WARNING, time.time(), CADDYFILE, warning.text, place)
        target.writer.write(target.encoder.encode(record))


def as_text(document: Document, *, pretty: bool) -> str:
    """Return the JSON as Caddy prints it: keys in its order, and its escapes."""
    data = encode(document)
    if pretty:
        # Numbers and text stay as they are written.
        data = msgspec.json.format(data, indent=1)
        data = _INDENT.sub(lambda spaces: b"\t" * len(spaces[0]), data)
    return data.decode().translate(_ESCAPES)
