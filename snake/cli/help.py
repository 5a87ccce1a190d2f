"""`snake help`."""

from __future__ import annotations

import click


def _names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the commands that begin so, for a shell that completes them."""
    group = ctx.find_root().command
    assert isinstance(group, click.Group)  # noqa: S101  (the root has the commands)
    return [name for name in group.list_commands(ctx) if name.startswith(incomplete)]


@click.command("help")
@click.argument("name", required=False, metavar="[COMMAND]", shell_complete=_names)
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
