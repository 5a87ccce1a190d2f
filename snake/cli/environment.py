"""The environment: files of variables to load, and a print of what is known of it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from snake import __version__
from snake.core.errors import SnakeError


def load_files(paths: Iterable[str]) -> None:
    """Set the variables of env files; one that is set already keeps its value, as in Caddy."""
    for path in paths:
        try:
            text = Path(path).read_text()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SnakeError(f"cannot read the env file {path}: {reason}") from None
        for name, value in parse(text, path).items():
            os.environ.setdefault(name, value)


def parse(text: str, file: str = "") -> dict[str, str]:
    """Read `NAME=VALUE` lines as Caddy does. Raises `SnakeError` with the line.

    `export` in front and `#` comments are dropped; a value in quotes may go on
    over lines, and its quotes are escaped with a backslash.
    """
    found = {}
    lines = enumerate(text.splitlines(), 1)
    for number, raw in lines:
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        name = name.removeprefix("export ")
        if not equals or not name or " " in name:
            raise SnakeError(f"{file}:{number}: expected NAME=VALUE")
        if value[:1] in (" ", "\t"):
            raise SnakeError(f"{file}:{number}: there is a space before the value of {name}")
        found[name] = _value(value, line, lines)
    return found


def _value(value: str, line: str, lines: Iterator[tuple[int, str]]) -> str:
    if "#" in value:
        value = value.partition("#")[0].rstrip(" \t")
    quote = value[:1]
    if quote not in ('"', "'"):
        return value
    escaped = f"\\{quote}"
    value = value.replace(escaped, quote)
    while not line.endswith(quote) or line.endswith(escaped):
        _, line = next(lines, (0, quote))
        value += "\n" + line.replace(escaped, quote)
    return value.removeprefix(quote).removesuffix(quote)


def print_all() -> None:
    """Print versions, folders and every variable, for a bug report."""
    facts = {
        "snake.Version": __version__,
        "python.Version": platform.python_version(),
        "python.Executable": sys.executable,
        "os.Getwd": str(Path.cwd()),
        "os.Platform": platform.platform(),
        "os.CPUs": os.cpu_count(),
    }
    for name, value in facts.items():
        click.echo(f"{name}={value}")
    for name, value in os.environ.items():
        click.echo(f"{name}={value}")
