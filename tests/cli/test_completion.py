"""`snake completion`: what a shell is given, and what it completes with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from snake.cli.completion import SHELLS
from snake.cli.main import main
from tests.server import environment, run

Captured = pytest.CaptureFixture[str]

ASK = """\
source script
COMP_WORDS=(%s)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { echo "$@"; }
_snake_completion snake
printf '%%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with bash's part in it, and a `snake` that is this checkout's."""
    folder = tmp_path_factory.mktemp("shell")
    (folder / "script").write_text(run("completion", "bash", folder=folder).stdout)
    (folder / "snake").write_text(f'#!/bin/sh\nexec {sys.executable} -m snake "$@"\n')
    (folder / "snake").chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("snake re", ["reload", "remove-package", "respond", "reverse-proxy"]),
        ("snake run --pin", ["--pingback"]),
        ("snake storage ''", ["export", "import"]),
        ("snake help fm", ["fmt"]),
        ("snake adapt --adapter c", ["caddyfile"]),
        ("snake hash-password -a ''", ["bcrypt", "argon2id"]),
        ("snake run -c ''", ["-o default", ""]),
        ("snake file-server --root ''", ["-o dirnames", ""]),
    ],
)
def test_bash_completes(shell: Path, words: str, found: list[str]) -> None:
    """Commands, flags, subcommands and values come from snake; files from the shell itself."""
    done = subprocess.run(
        ["bash", "--norc", "-c", ASK % words],
        cwd=shell,
        env=environment(shell) | {"PATH": f"{shell}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    assert done.stdout.splitlines() == found
    assert done.stderr == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_has_its_part(shell: str, capsys: Captured) -> None:
    """Each is another, asks by click's variable, and is printed without one word more."""
    assert main(["completion", shell]) == 0

    script = capsys.readouterr().out
    assert "_SNAKE_COMPLETE" in script
    assert f"{shell}_complete" in script


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_syntax_is_the_shells(shell: str, capsys: Captured, tmp_path: Path) -> None:
    """The shell reads it without an error, where there is that shell."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    main(["completion", shell])
    (tmp_path / "script").write_text(capsys.readouterr().out)

    subprocess.run([shell, "-n", tmp_path / "script"], check=True, timeout=30)


@pytest.mark.parametrize(
    ("line", "word", "found"),
    [
        ("snake sto", "sto", ["plain\tstop\tStop the server that runs", "plain\tstorage\t"]),
        ("snake adapt --adapter ", "", ["plain\tcaddyfile\t", "plain\tjson\t"]),
        ("snake run -c 'a b", "'a b", ["file\t"]),
    ],
)
def test_powershell_is_told_word_and_help(
    tmp_path: Path, line: str, word: str, found: list[str]
) -> None:
    """A line for each word: its kind, itself and its help, with tabs between."""
    asked = {"_SNAKE_COMPLETE": "powershell_complete", "COMP_WORDS": line, "COMP_WORD": word}
    told = run(folder=tmp_path, env=asked).stdout.splitlines()

    assert len(told) == len(found)
    assert all(each.startswith(start) for each, start in zip(told, found, strict=True))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["completion"], "Missing argument 'bash|zsh|fish|powershell'"),
        (["completion", "basch"], "got 'basch'; did you mean \"bash\"?"),
        (["completion", "bash", "zsh"], "unexpected extra argument (zsh)"),
    ],
)
def test_shell_that_is_none_is_told(args: list[str], message: str, capsys: Captured) -> None:
    """The shells that there are are named."""
    assert main(args) == 1
    assert message in capsys.readouterr().err
