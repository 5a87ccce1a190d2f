"""`snake build-info`."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

import click


@click.command("build-info")
def command() -> None:
    """Print what this snake is made of: Python, and every package with its version."""
    for line in lines():
        click.echo("\t".join(line))


def lines() -> Iterator[tuple[str, ...]]:
    """Yield the words of each line: those of Caddy's list, where there is the same to say."""
    from snake import __version__  # noqa: PLC0415  (the help needs none of these)
    from snake.cli.distribution import NAME, plugins, required  # noqa: PLC0415

    added = plugins()
    yield "python", f"{platform.python_implementation()} {platform.python_version()}"
    yield "path", "snake"
    yield "mod", NAME, f"v{__version__}"
    for name, version in (required(NAME, *added) | added).items():
        yield "dep", name, f"v{version}"
    yield "build", f"executable={sys.executable}"
    yield "build", f"platform={platform.platform()}"
