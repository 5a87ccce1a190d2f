"""Manual: what there is to say of a command, taken from the command itself.

The manual pages and docs/commands.md are written from it, so they cannot say anything else than
`--help` does.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import NamedTuple

import click

_AS_IT_IS = "\b"
"""How click marks a paragraph whose lines stay."""


class Paragraph(NamedTuple):
    """A part of a text."""

    text: str
    as_it_is: bool
    """Whether its lines stay as they are, as those of examples do."""


class Manual(NamedTuple):
    """A command, or a subcommand of it."""

    name: str
    """With the words before it: `snake storage export`."""
    summary: str
    """One line, with no point at its end."""
    usage: str
    """What may stand after the name."""
    paragraphs: list[Paragraph]
    options: list[tuple[str, str]]
    """The words of each flag, as `-c, --config FILE`, and what it is for."""
    commands: list[tuple[str, str]]
    """The subcommands, and a line on each."""


def manuals(command: click.Command, name: str) -> Iterator[Manual]:
    """Yield the manual of a command, and then those of its subcommands."""
    settings = command.context_settings
    yield from _manuals(command, click.Context(command, info_name=name, **settings))


def _manuals(command: click.Command, ctx: click.Context) -> Iterator[Manual]:
    found = _subcommands(command, ctx)
    below = [(name, _summary(each)) for name, each in found]
    usage = " ".join(command.collect_usage_pieces(ctx))
    first, *paragraphs = _paragraphs(command.help or "")
    flags = (each for each in command.params if isinstance(each, click.Option))
    options = [record for each in flags if (record := each.get_help_record(ctx))]
    yield Manual(
        ctx.command_path,
        first.text.removesuffix("."),
        usage,
        paragraphs,
        [*options, _help(command, ctx)],
        below,
    )
    for name, each in found:
        yield from _manuals(each, click.Context(each, info_name=name, parent=ctx))


def _subcommands(command: click.Command, ctx: click.Context) -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return []
    found = ((name, command.get_command(ctx, name)) for name in command.list_commands(ctx))
    return [(name, each) for name, each in found if each is not None and not each.hidden]


def _summary(command: click.Command) -> str:
    return _paragraphs(command.help or "")[0].text.removesuffix(".")


def _help(command: click.Command, ctx: click.Context) -> tuple[str, str]:
    option = command.get_help_option(ctx)
    record = option.get_help_record(ctx) if option else None
    assert record is not None  # noqa: S101  (every command of snake has it)
    return record


def _paragraphs(text: str) -> list[Paragraph]:
    found = []
    for part in inspect.cleandoc(text).split("\n\n"):
        lines = part.strip("\n").splitlines()
        if lines and lines[0].strip() == _AS_IT_IS:
            found.append(Paragraph("\n".join(lines[1:]), as_it_is=True))
        else:
            found.append(Paragraph(" ".join(line.strip() for line in lines), as_it_is=False))
    return found
