"""Whoever knows Caddy's commands knows snake's: names, flags, letters and exit codes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import pytest

from snake.cli.main import main, snake
from tests.caddy import binary
from tests.server import run

_FLAG = re.compile(r"^ +(?:-(?P<letter>\w), |)--(?P<name>[a-z0-9-]+)", re.MULTILINE)
_COMMAND = re.compile(r"^  ([a-z-]+) +[A-Z]", re.MULTILINE)


def caddy(*args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `caddy <args>` with nothing on stdin."""
    return subprocess.run(
        [binary(), *args],
        cwd=folder,
        env={"PATH": "", "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def helped(words: tuple[str, ...], folder: Path) -> tuple[set[str], list[str]]:
    """Return the flags that the help of a command of Caddy has, and its subcommands."""
    _, _, text = caddy(*words, "--help", folder=folder).stdout.partition("\nUsage:")
    flags = {f"--{match['name']}" for match in _FLAG.finditer(text)}
    letters = {f"-{match['letter']}" for match in _FLAG.finditer(text) if match["letter"]}
    return flags | letters, _COMMAND.findall(text)


def commands(folder: Path) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Yield the words of each command of Caddy, and its flags."""
    _, names = helped((), folder)
    with ThreadPoolExecutor(2) as pool:
        found = [(name,) for name in names]
        for words, (flags, below) in zip(
            found, pool.map(lambda words: helped(words, folder), found), strict=False
        ):
            yield words, flags
            yield from (((*words, name), helped((*words, name), folder)[0]) for name in below)


def known(words: tuple[str, ...]) -> set[str]:
    """Return the flags of a command of snake. Fails if there is no such command."""
    command: click.Command = snake
    ctx = click.Context(snake, **snake.context_settings)
    for word in words:
        assert isinstance(command, click.Group), words
        inner = command.get_command(ctx, word)
        assert inner is not None, words
        command, ctx = inner, click.Context(inner, parent=ctx)
    options = {name for param in command.params for name in param.opts}
    return options | set(ctx.help_option_names)


def test_every_flag_of_caddys_is_snakes(tmp_path: Path) -> None:
    """Each command of Caddy is there, with every flag, by name and by letter."""
    missing = {words: flags - known(words) for words, flags in commands(tmp_path)}

    assert len(missing) == 27
    assert {words: flags for words, flags in missing.items() if flags} == {}


LINES = [
    "adapt",
    "adapt -p --config=Caddyfile",
    "adapt -a json -c Caddyfile",
    "adapt -c nowhere",
    "adapt -c bad.caddyfile --validate",
    "validate --envfile=env",
    "validate -c bad.caddyfile",
    "validate -c Caddyfile --envfile nowhere",
    "fmt -d",
    "fmt ugly.caddyfile",
    "fmt -w ugly.caddyfile",
    "environ --envfile nowhere",
    "hash-password -p x --bcrypt-cost 4",
    "hash-password -a scrypt -p x",
    "respond a b",
    "reverse-proxy",
    "stop --address unix/nowhere",
    "reload",
    "completion basch",
    "completion fish",
    "storage",
    "storage export",
    "list-modules -s",
    "frobnicate",
    "run --frobnicate",
]


@pytest.mark.parametrize("line", LINES)
def test_exit_codes_are_caddys(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What works in one works in the other, and what fails, fails with the same code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Caddyfile").write_text("http://127.0.0.1:1 {\n\trespond hi\n}\n")
    (tmp_path / "bad.caddyfile").write_text(":1 {\n\t@a path_regexp (\n\trespond @a hi\n}\n")
    (tmp_path / "ugly.caddyfile").write_text(":1 {\nrespond hi\n}\n")
    (tmp_path / "env").write_text("A=1\n")
    other = caddy(*line.split(), folder=tmp_path)
    (tmp_path / "ugly.caddyfile").write_text(":1 {\nrespond hi\n}\n")

    if line.startswith(("adapt", "validate")):  # what they do to their process ends with it
        done = run(*line.split(), folder=tmp_path)
        code, said = done.returncode, done.stdout
    else:
        code, said = main(line.split()), capsys.readouterr().out

    assert code == other.returncode, other.stderr
    assert bool(said) == bool(other.stdout)
