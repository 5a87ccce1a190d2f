"""`snake fmt`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from snake.caddyfile.format import format_caddyfile, unformatted_line
from snake.cli.values import FILE
from snake.core.errors import SnakeError
from snake.core.text import decode_utf8


@click.command("fmt")
@click.argument("path", nargs=-1, type=FILE, metavar="[PATH]")
@click.option("-c", "--config", type=FILE, metavar="FILE", default="", help="The same as PATH.")
@click.option("-w", "--overwrite", is_flag=True, help="Write the result into the file.")
@click.option("-d", "--diff", is_flag=True, help="Print what changes: lines with - and +.")
def command(
    path: tuple[str, ...],
    config: str,
    overwrite: bool,  # noqa: FBT001  (click passes options by name)
    diff: bool,  # noqa: FBT001
) -> None:
    """Format a Caddyfile, to the byte as caddy fmt does.

    \b
    snake fmt               print ./Caddyfile formatted
    snake fmt -w            format it where it is
    snake fmt -d            print what would change
    snake fmt -w site.conf  another file
    snake fmt - < in > out  from stdin
    snake fmt > /dev/null   only tell, for scripts

    The exit code is 1 if the file was not formatted, and the message names the
    first line that changes; with -w and from stdin it is 0.

    A tab for each block, one space between words, at most one empty line in a
    row; a { ends its line, a } has its own. Comments, quotes and heredocs stay.

    Mind lines that begin with ` or \\: as in Caddy, they join the line before.
    """  # noqa: D301  (\b tells click to keep the lines)
    if len(path) > 1 or ("".join(path) and config):
        raise SnakeError(f"fmt takes one file, got {' '.join(filter(None, (config, *path)))}")
    name = "".join(path) or config or "Caddyfile"
    data = _read(name)
    if overwrite:
        # Caddy writes U+FFFD in the place of each byte that is none, which is not to be undone.
        decode_utf8(data, name)
    text = data.decode("utf-8", "surrogateescape")
    result = format_caddyfile(text).encode()
    if name == "-":
        click.echo(result, nl=False)
    elif overwrite:
        _write(name, data, result)
    else:
        click.echo(_difference(data, result) if diff else result, nl=False)
        _tell(name, unformatted_line(text))


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise SnakeError(f"cannot read {name}: {error.strerror}") from None


def _difference(before: bytes, after: bytes) -> bytes:
    from snake.core.diff import diff  # noqa: PLC0415  (seldom needed)

    lines = diff(before.split(b"\n"), after.split(b"\n"))
    return b"".join(b"%b %b\n" % (sign.encode(), line) for sign, line in lines)


def _write(name: str, data: bytes, result: bytes) -> None:
    if result == data:
        return
    from snake.core.overwrite import overwrite  # noqa: PLC0415  (likewise)

    try:
        overwrite(name, result)
    except OSError as error:
        raise SnakeError(f"cannot write {name}: {error.strerror}") from None


def _tell(name: str, line: int | None) -> None:
    if line is not None:
        raise SnakeError(
            f"{name}:{line}: Caddyfile input is not formatted; Tip: use '--overwrite' to update "
            "your Caddyfile in-place instead of previewing it. Consult '--help' for more options"
        )
