"""The environment: files of variables to load, and what is known of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from snake.core.errors import SnakeError
from snake.core.text import decode_utf8

LARGEST = 1 << 20
"""Bytes of an env file: a program cannot be started with much more."""

_MARK = "\ufeff"
_CLOSED = {
    quote: re.compile(rf"(?P<inner>.*?)(?<!\\){quote}[ \t]*(#.*)?", re.DOTALL) for quote in "\"'"
}
"""The line that ends a value in quotes; a comment may follow."""


def load_files(names: Iterable[str]) -> None:
    """Set the variables of env files; one that is set already keeps its value, as in Caddy.

    A name may be several, with commas between. Raises `SnakeError`.
    """
    for name in names:
        for path in [name] if "," not in name or Path(name).exists() else name.split(","):
            for variable, value in parse(_read(path), path).items():
                os.environ.setdefault(variable, value)


def _read(path: str) -> str:
    try:
        # It may be a pipe, as `--envfile <(command)` is.
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SnakeError(f"cannot read the env file {path}: {reason}") from None
    if len(data) > LARGEST:
        raise SnakeError(f"the env file {path} is larger than {LARGEST >> 20} MiB")
    return decode_utf8(data, path)


def parse(text: str, file: str = "") -> dict[str, str]:
    """Read `NAME=VALUE` lines as Caddy does. Raises `SnakeError` with the line.

    `export` in front and `#` comments are dropped; a value in quotes may go on
    over lines, and its quotes are escaped with a backslash. Unlike in Caddy, a `#`
    in quotes is part of the value, and a quote that is never closed is an error.
    """
    found = {}
    lines = enumerate(text.removeprefix(_MARK).replace("\r\n", "\n").split("\n"), 1)
    for number, raw in lines:
        line = raw.strip()
        if "\0" in line:
            raise SnakeError(f"{file}:{number}: there is a NUL byte; is this an env file?")
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        name = name.removeprefix("export ")
        if not equals or not name or re.search(r"\s", name):
            raise SnakeError(f"{file}:{number}: expected NAME=VALUE")
        if value[:1] in (" ", "\t"):
            raise SnakeError(f"{file}:{number}: there is a space before the value of {name}")
        if (quote := value[:1]) in _CLOSED:
            found[name] = _quoted(value[1:], quote, f"{file}:{number}", lines)
        else:
            found[name] = value.partition("#")[0].rstrip(" \t")
    return found


def _quoted(value: str, quote: str, place: str, lines: Iterator[tuple[int, str]]) -> str:
    kept: list[str] = []
    line: str | None = value
    while line is not None:
        if "\0" in line:
            raise SnakeError(f"{place}: there is a NUL byte in the value")
        if match := _CLOSED[quote].fullmatch(line):
            return "\n".join([*kept, match["inner"]]).replace(f"\\{quote}", quote)
        kept.append(line)
        _, line = next(lines, (0, None))
    raise SnakeError(f"{place}: the quote {quote} that begins the value is not closed")


def print_all() -> None:
    """Print versions, folders and every variable, for a bug report."""
    # Seldom needed.
    import platform  # noqa: PLC0415
    import sys  # noqa: PLC0415

    from snake import __version__  # noqa: PLC0415
    from snake.engine.autosave import config_folder  # noqa: PLC0415
    from snake.storage.data_folder import data_folder  # noqa: PLC0415

    facts = {
        "snake.HomeDir": Path.home(),
        "snake.AppDataDir": data_folder(),
        "snake.AppConfigDir": config_folder(),
        "snake.ConfigAutosavePath": config_folder() / "autosave.json",
        "snake.Version": __version__,
        "python.Version": platform.python_version(),
        "python.Executable": sys.executable,
        "os.Getwd": Path.cwd(),
        "os.Platform": platform.platform(),
        "os.CPUs": os.cpu_count(),
    }
    for name, fact in facts.items():
        click.echo(f"{name}={fact}")
    click.echo()
    for name, value in os.environ.items():
        click.echo(f"{name}={value}")
