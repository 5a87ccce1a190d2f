"""`snake help`."""

from __future__ import annotations

import click


@click.command("help")
@click.argument("name", required=False, metavar="[COMMAND]")
@click.pass_context
def command(ctx: click.Context, name: str | None) -> None:
    """Explain snake, or one of its commands."""
    snake = ctx.find_root()
    if name is None:
        click.echo(snake.get_help())
        return
    group = snake.command
    assert isinstance(group, click.Group)  # noqa: S101  (the root has the commands)
    _, found, _ = group.resolve_command(snake, [name])
    if found is not None:
        click.echo(found.get_help(click.Context(found, snake, name)))
