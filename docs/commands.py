"""Write `commands.md`, the reference of the command line, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from snake.cli.main import snake
from snake.cli.manual import Manual, manuals

PAGE = Path(__file__).with_suffix(".md")

OPENING = """\
# Commands

`make docs` writes this page from the commands; `snake COMMAND --help` says the same. Who knows
Caddy's commands knows these: flags and their letters are Caddy's.

| exit code | |
|---|---|
| 0 | all is well; a server ended as it should |
| 1 | it did not start, or not all that was asked for is done; stderr says why |
| 2 | the server was made to end at once, by SIGQUIT or a second SIGINT |
| 3 | something went wrong while the server was ending |
| 130, 143 | as a shell has it: SIGINT or SIGTERM came before there was anything to end |

| signal | |
|---|---|
| SIGINT, SIGTERM | end the server: requests under way have `grace_period` |
| SIGINT again, or after `snake stop`; SIGQUIT | end it now |
| SIGUSR1 | read the configuration again |
| SIGUSR2, SIGHUP, SIGPIPE | nothing |

| variable | |
|---|---|
| `CADDY_ADMIN` | where the admin API is when no configuration says it; `off` for none |
| `XDG_CONFIG_HOME` | above the folder of the last configuration that ran |
| `XDG_DATA_HOME` | above the folder of certificates, keys and accounts |
| `XDG_STATE_HOME` | above the folder of the log of `snake start` |
| `SNAKE_INSTALL_TRUST=off` | do not make this machine trust snake's own authority |
| `NO_COLOR` | no colours |

Commands that speak to a server that runs find its admin API by `--address`, else by the
configuration: `--config`, or the Caddyfile of this folder. If the server of that file listens on
[a socket of its own](admin-api.md#where-it-listens), it is that, else what the `admin` option in
it says. Else it is `CADDY_ADMIN`, else `localhost:2019`, or the socket `admin.sock` in snake's
folder for configurations if only there somebody listens. Where nothing but the default leads to
the server of another file, `snake stop` refuses, and `snake reload` says whose it was.

An env file has lines of `NAME=VALUE`. Empty lines, lines that begin with `#`, and `export` in
front are passed by; a `#` ends a value that is not in quotes. In quotes, single or double, a value
may have a `#` and several lines. What is in the environment already stays as it is.
"""


def render() -> str:
    """Return the whole page."""
    root, *rest = manuals(snake, "snake")
    found = {manual.name.removeprefix("snake "): manual for manual in rest}
    table = ["| | |", "|---|---|"]
    table += [
        f"| [`snake {name}`](#{_anchor(found[name])}) | {text} |" for name, text in root.commands
    ]
    return "\n".join([OPENING, *table, "", *("\n".join(_section(each)) for each in rest)])


def _anchor(manual: Manual) -> str:
    return manual.name.replace(" ", "-")


def _section(manual: Manual) -> Iterator[str]:
    yield f"## {manual.name}\n"
    yield f"{manual.summary}.\n"
    yield f"```sh\n{manual.name} {manual.usage}\n```\n"
    for text, as_it_is in manual.paragraphs:
        yield f"```sh\n{text}\n```\n" if as_it_is else f"{_marked(text)}\n"
    yield "| | |\n|---|---|"
    for words, text in manual.options:
        cells = (f"`{words}`", _marked(text))
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
    yield ""


def _marked(text: str) -> str:
    """Return text that Markdown takes for nothing but text."""
    return text.replace("<", "&lt;").replace("*", r"\*").replace("[", r"\[")


if __name__ == "__main__":
    PAGE.write_text(render())
