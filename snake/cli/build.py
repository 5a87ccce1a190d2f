"""`snake build`."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click

from snake.bundle.bytecode import compile_all
from snake.bundle.distributions import copy
from snake.bundle.freeze import check, freeze
from snake.bundle.layout import APP, SETTINGS, VENV, packages
from snake.bundle.plan import slim
from snake.bundle.requirements import adopt, install, requirements
from snake.bundle.unpacking import unpack
from snake.cli.app_named import app_named
from snake.cli.values import OneOf
from snake.core.errors import SnakeError


@click.command("build")
@click.argument("source", required=False, metavar="[ZIP|FOLDER]")
@click.option("--self", "is_snake", is_flag=True, help="Pack snake itself, without an app.")
@click.option("-a", "--app", metavar="MODULE:NAME", default="", help="The app, like main:app.")
@click.option("-t", "--server-type", type=OneOf(["wsgi", "asgi"]), help="What it is.")
@click.option("-o", "--output", metavar="FILE", default="", help="The program; the zip's name.")
@click.option(
    "-r", "--requirement", "given", metavar="FILE", multiple=True,
    help="What to install for it; its requirements.txt, or its pyproject.toml.",
)  # fmt: skip
@click.option("--venv", metavar="FOLDER", help="Take its packages from here, and install none.")
@click.option("-f", "--force", is_flag=True, help="Replace the file that is there.")
def command(  # noqa: PLR0913  (click passes each flag)
    source: str | None,
    *,
    is_snake: bool,
    app: str,
    server_type: str | None,
    output: str,
    given: tuple[str, ...],
    venv: str | None,
    force: bool,
) -> None:
    """Pack an app, its packages, snake and Python into one file.

    The file runs where there is no Python, and takes the flags of python-server.

    \b
    snake build shop.zip --app main:app --output shop
    snake build --self --output snake
    """  # noqa: D301  (\b tells click to keep the lines)
    if is_snake == (source is not None):
        raise click.UsageError("it takes a zip or a folder of an app, or --self")
    if given and venv:
        raise click.UsageError("--requirement and --venv exclude each other")
    target = _target(Path(output or _default(source)), source, force=force)
    wanted = _Wanted(app, server_type or "", tuple(map(_file, given)), Path(venv) if venv else None)
    check()
    with tempfile.TemporaryDirectory(prefix="snake-build-") as place:
        work = Path(place)
        root = work / "root"
        root.mkdir()
        if source is not None:
            folder = root / APP
            folder.mkdir()
            unpack(Path(source), folder, target)
            wanted.pack(root)
        click.echo("packing snake and Python, which takes a minute")
        copy(packages(root))
        compile_all(root, root)
        slim(root, work / "slim")
        _place(freeze(work, target.stem), target)
    size = target.stat().st_size / 1024**2
    shown = target if target.parent != Path.cwd() else f"./{target.name}"
    click.echo(f"{shown}: {size:.0f} MiB; --help shows its flags")


class _Wanted(NamedTuple):
    """What is said of the app."""

    app: str
    kind: str
    files: tuple[Path, ...]
    """Of requirements."""
    venv: Path | None

    def pack(self, root: Path) -> None:
        """Put its packages, and what it is called, below the root. Raises `SnakeError`."""
        folder = root / APP
        if (folder / ".env").exists():
            click.echo("Warning: .env is packed, and can be read by all who get this", err=True)
        name, kind = app_named(folder, self.app, self.kind)
        given = [word for file in self.files for word in ("--requirement", str(file))]
        needed = given or ([] if self.venv else requirements(folder))
        if self.venv is not None:
            adopt(self.venv, root / VENV)
        elif needed:
            click.echo("installing the app's packages")
            install(needed, folder, root / VENV)
        (root / SETTINGS).write_text(json.dumps({"app": name, "server_type": kind}))


def _default(source: str | None) -> str:
    name = "snake" if source is None else Path(source).resolve().name.removesuffix(".zip")
    return f"{name}.exe" if sys.platform == "win32" else name


def _target(output: Path, source: str | None, *, force: bool) -> Path:
    """Return where the program goes. Raises `SnakeError` if it cannot be there."""
    target = Path(os.path.abspath(output))  # noqa: PTH100  (a link stays one)
    if target.is_dir():
        raise SnakeError(f'"{output}" is a folder; --output names a file')
    if source is not None and target == Path(source).resolve():
        raise SnakeError(f'"{output}" is the app itself; --output names another file')
    if target.exists() and not force:
        raise SnakeError(f'"{output}" exists; --force replaces it, --output names another')
    if not target.parent.is_dir():
        raise SnakeError(f'the folder "{target.parent}" does not exist')
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise SnakeError(f'nothing can be written to the folder "{target.parent}"')
    return target


def _place(program: Path, target: Path) -> None:
    """Put the program where it is wanted, all of it or nothing."""
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copy(program, beside)
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SnakeError(f'"{target}" cannot be written: {error.strerror}') from None


def _file(name: str) -> Path:
    path = Path(name).resolve()
    if not path.is_file():
        raise SnakeError(f'--requirement: there is no file "{name}"')
    return path
