"""Group: a command with subcommands, which names the nearest one to a word that is none."""

from __future__ import annotations

import click

from snake.core.suggest import suggestion


class Group(click.Group):
    """A group of click's whose message for an unknown word is snake's."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the subcommand that the words name, and the words after it."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            ctx.fail(f'unknown command "{name}"{suggestion(name, known)}')
        return super().resolve_command(ctx, args)
