"""`snake manpage`: the manual pages, in roff.

No package for this keeps the lines of examples, or what begins with a point.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from snake.cli.manual import Manual, manuals
from snake.cli.values import FOLDER
from snake.core.errors import SnakeError

SECTION = 8
"""System administration, as Caddy's pages."""


@click.command("manpage")
@click.option(
    "-o", "--directory", type=FOLDER, metavar="FOLDER", required=True, help="Where to write them."
)
@click.pass_context
def command(ctx: click.Context, directory: str) -> None:
    """Write a manual page for each command.

    \b
    snake manpage -o ~/.local/share/man/man8    then: man snake-run

    The folder is made if there is none.
    """  # noqa: D301  (\b tells click to keep the lines)
    from snake import __version__  # noqa: PLC0415  (the help needs it not)

    folder = Path(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for manual in manuals(ctx.find_root().command, "snake"):
            name = f"{manual.name.replace(' ', '-')}.{SECTION}"
            (folder / name).write_text(page(manual, __version__))
    except OSError as error:
        raise SnakeError(f"cannot write to {error.filename}: {error.strerror}") from None


def page(manual: Manual, version: str) -> str:
    """Return a page in roff, which `man` shows."""
    return "\n".join([*_lines(manual, version), ""])


def _lines(manual: Manual, version: str) -> Iterator[str]:
    name = manual.name.replace(" ", "-")
    yield f'.TH {name.upper()} {SECTION} "" "snake {version}" "snake"'
    yield ".SH NAME"
    yield rf"{_escaped(name)} \- {_escaped(manual.summary)}"
    yield ".SH SYNOPSIS"
    yield rf"\fB{_escaped(manual.name)}\fR {_escaped(manual.usage)}"
    if manual.paragraphs:
        yield ".SH DESCRIPTION"
    for text, as_it_is in manual.paragraphs:
        lines = [_escaped(line) for line in text.splitlines()]
        yield from ([".PP", ".RS 2", ".nf", *lines, ".fi", ".RE"] if as_it_is else [".PP", *lines])
    yield ".SH OPTIONS"
    for words, text in manual.options:
        yield from (".TP", rf"\fB{_escaped(words)}\fR", _escaped(text))
    if manual.commands:
        yield ".SH COMMANDS"
    for word, text in manual.commands:
        yield from (".TP", rf"\fB{_escaped(name)}\-{_escaped(word)}\fR({SECTION})", _escaped(text))
    if " " in manual.name:
        yield ".SH SEE ALSO"
        yield rf"\fB{_escaped(name.rpartition('-')[0])}\fR({SECTION})"


def _escaped(text: str) -> str:
    """Return text that roff takes for nothing but text."""
    text = text.translate(_CHARACTERS)
    return rf"\&{text}" if text.startswith(".") else text


_CHARACTERS = str.maketrans(
    {"\\": r"\e", "-": r"\-", "`": r"\(ga", "'": r"\(aq", "~": r"\(ti", "^": r"\(ha"}
)
"""What roff would show as something else: a `~` high up, a hyphen that nobody can copy."""
