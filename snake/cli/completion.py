"""`snake completion`."""

from __future__ import annotations

import click

from snake.cli.values import OneOf

SHELLS = ("bash", "zsh", "fish", "powershell")
VARIABLE = "_SNAKE_COMPLETE"
"""By this the shell's part asks snake what may come next."""


@click.command("completion")
@click.argument("shell", type=OneOf(SHELLS), metavar="bash|zsh|fish|powershell")
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete the words of snake's command line.

    With > it goes into the file that the shell reads, and a new shell has it:

    \b
    bash        ~/.local/share/bash-completion/completions/snake
    zsh         "${fpath[1]}/_snake"
    fish        ~/.config/fish/completions/snake.fish
    powershell  $PROFILE, to which it is added with >>

    For this shell alone: source <(snake completion bash)
    """  # noqa: D301  (\b tells click to keep the lines)
    from click.shell_completion import get_completion_class  # noqa: PLC0415  (not for the help)

    from snake.cli import powershell  # noqa: F401, PLC0415  (makes itself known)

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  (three are click's, one is ours)
    click.echo(kind(ctx.find_root().command, {}, "snake", VARIABLE).source())
