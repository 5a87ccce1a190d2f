"""The command line itself: help, versions, and mistakes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import snake
from snake.cli.main import COMMANDS
from tests.server import run


def test_version_is_one_line(tmp_path: Path) -> None:
    """`snake version` and `snake --version` print the version and nothing else."""
    assert run("version", folder=tmp_path).stdout == f"{snake.__version__}\n"
    assert run("--version", folder=tmp_path).stdout == f"{snake.__version__}\n"


def test_version_imports_nothing_heavy() -> None:
    """`snake version` loads neither asyncio, nor the grammar, nor the server."""
    code = (
        "import sys; from snake.cli.main import main; main(['version']); "
        "print([m for m in ('asyncio', 'lark', 'snake.http.app') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.endswith("[]\n")


def test_help_lists_every_command(tmp_path: Path) -> None:
    """`snake --help` has a line for each command, and each has a help of its own."""
    help_text = run("--help", folder=tmp_path).stdout
    assert set(COMMANDS) <= set(re.findall(r"^  ([a-z-]+)  ", help_text, re.MULTILINE))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(tmp_path: Path, name: str) -> None:
    """`snake <command> --help` explains it and exits with 0."""
    done = run(name, "-h", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: snake {name}")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["rnu"], 'unknown command "rnu"; did you mean "run"?'),
        (["frobnicate"], 'unknown command "frobnicate"'),
        (["run", "--confg", "x"], "No such option '--confg'"),
        (["run", "extra"], "Got unexpected extra argument (extra)"),
        (["python-server", "--app", "main:app"], "Missing option '-t' / '--server-type'"),
        (["run", "--config", "nowhere"], "cannot read nowhere: No such file or directory"),
        (["run"], "there is no Caddyfile in this folder"),
        (["run", "--envfile", "nowhere"], "cannot read the env file nowhere"),
        (["run", "-c", "x", "-a", "caddyfil"], 'unknown adapter "caddyfil"; did you mean'),
        (["validate", "-c", "nowhere"], "cannot read nowhere"),
    ],
)
def test_a_mistake_is_one_message_and_code_1(tmp_path: Path, args: list[str], message: str) -> None:
    """A wrong command line prints `Error: ...` on stderr and exits with 1."""
    done = run(*args, folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert any(line.startswith("Error: ") for line in done.stderr.splitlines())
    assert message in done.stderr
    assert "Traceback" not in done.stderr
