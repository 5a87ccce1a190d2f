"""The command line: each subcommand is a file of this package, imported when it is asked for."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

from snake import __version__
from snake.cli.early import Early
from snake.cli.group import Group
from snake.core.errors import SnakeError
from snake.core.text import visible

COMMANDS = {
    "adapt": "Print a Caddyfile as JSON",
    "add-package": "Install packages that add to snake",
    "build": "Pack an app, snake and Python into one file",
    "build-info": "Print what this snake is made of",
    "certs": "List the certificates of a configuration",
    "completion": "Print what makes a shell complete snake's words",
    "environ": "Print the environment that snake sees",
    "file-server": "Serve the files of a folder",
    "fmt": "Format a Caddyfile",
    "hash-password": "Hash a password for basic_auth",
    "help": "Explain snake, or one of its commands",
    "list-modules": "List the modules that a configuration can use",
    "manpage": "Write a manual page for each command",
    "python-server": "Serve one Python app without a configuration file",
    "reload": "Have the server that runs take another configuration",
    "remove-package": "Remove packages that add to snake",
    "respond": "Answer every request with the same response",
    "reverse-proxy": "Pass requests on to other servers",
    "run": "Start the server and stay until it is stopped",
    "schema": "Print the JSON Schema of a configuration, for editors",
    "start": "Start the server in the background",
    "status": "Tell how the server that runs is",
    "stop": "Stop the server that runs",
    "storage": "Copy certificates and keys out of a storage, or into one",
    "top": "Watch the server that runs in the terminal",
    "trust": "Have this machine trust snake's own certificate authority",
    "untrust": "Undo what trust has done",
    "upgrade": "Install the newest snake in place of this one",
    "validate": "Tell whether a configuration works, apps included",
    "version": "Print the version",
}
"""The subcommands and a line on each. The help needs no import of them."""
HELP = ["-h", "--help"]
"""The flags that explain a command."""

SECTIONS = {
    "Serve": (
        *("run", "start", "stop", "reload", "status", "top"),
        *("python-server", "file-server", "reverse-proxy", "respond"),
    ),
    "Configure": ("adapt", "validate", "fmt", "list-modules", "schema", "hash-password"),
    "HTTPS": ("certs", "trust", "untrust", "storage"),
}
"""The parts of the help, and the commands in each; those of no part are in the last one."""
LAST = "Snake itself"

_COMPLETE = "_SNAKE_COMPLETE"
"""click's variable for the completions of a program of this name."""


class _Commands(Group):
    """Finds a subcommand by its file name: `python-server` is `python_server.py`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"snake.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415  (for a shell alone)

        words = COMMANDS.items()
        own = [
            CompletionItem(word, help=text) for word, text in words if word.startswith(incomplete)
        ]
        return [*own, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        rest = dict(COMMANDS)
        parts = {
            part: [(name, rest.pop(name)) for name in names if name in rest]
            for part, names in SECTIONS.items()
        }
        width = max(map(len, COMMANDS))
        for part, found in (*parts.items(), (LAST, list(rest.items()))):
            with formatter.section(part):
                formatter.write_dl([(f"{name:{width}}", text) for name, text in found])


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": HELP},
)
@click.version_option(__version__, "-v", "--version", message="%(version)s")
@click.pass_context
def snake(ctx: click.Context) -> None:
    """Serve Python apps, with the Caddyfile as the language.

    \b
    snake run              serve what ./Caddyfile says
    snake python-server    serve the app of this folder, without a Caddyfile
    snake help run         more on a command
    """  # noqa: D301  (\b tells click to keep the lines)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(
    args: list[str] | None = None,
    early: Early | None = None,
    command: click.Command = snake,
    name: str = "snake",
) -> int:
    """Run a command line; return the exit code. The user's mistakes print no traceback.

    `early` is what was forked for it already. A standalone executable is one `command`, and has
    its own `name`.
    """
    if os.environ.get(_COMPLETE, "").startswith("powershell"):
        from snake.cli import powershell  # noqa: F401, PLC0415  (makes itself known)
    try:
        code = command.main(
            args, prog_name=name, standalone_mode=False, obj=early, help_option_names=HELP
        )
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else name
        told = " ".join(error.format_message().split())
        message = f"{told}\nRun '{path} --help' for usage."
    except click.ClickException as error:
        message = error.format_message()
    except (click.Abort, KeyboardInterrupt):
        message = "interrupted"
    except SnakeError as error:
        message = str(error)
    except Exception as error:  # noqa: BLE001  (the last resort: say whose fault it is)
        trace = traceback.format_exc().rstrip()
        bug = f"unexpected {type(error).__name__}; this is a bug in snake\n{trace}"
        message = _unwritten(error) or _nowhere(error) or bug
    else:
        return code if isinstance(code, int) else 0
    color = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    label = click.style("Error:", fg="red", bold=True) if color else "Error:"
    click.echo(f"{label} {visible(message)}", err=True)
    return 1


def _unwritten(error: Exception) -> str:
    """Return what to say when stdout takes nothing, and drop what still waits for it."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    # All that is printed goes through `click.echo`.
    if not isinstance(error, OSError) or frames[-1].f_code is not click.echo.__code__:
        return ""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return f"cannot write to stdout: {error.strerror}"


def _nowhere(error: Exception) -> str:
    """Return what to say when the current folder has been removed, so nothing is relative to it."""
    try:
        Path.cwd()
    except FileNotFoundError:
        if isinstance(error, FileNotFoundError):
            return "the current folder is not there any more; change to another one"
    return ""
