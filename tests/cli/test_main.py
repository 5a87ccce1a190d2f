"""The command line itself: help, versions, and mistakes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import snake
from snake.cli.main import COMMANDS, main
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
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`snake <command> --help` explains it and exits with 0."""
    assert main([name, "-h"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: snake {name}")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["rnu"], 'unknown command "rnu"; did you mean "run"?'),
        (["frobnicate"], 'unknown command "frobnicate"'),
        (["run", "--confg", "x"], "No such option '--confg'"),
        (["run", "extra"], "Got unexpected extra argument (extra)"),
        (
            ["python-server", "--app", "main:app", "--server-type", "wsgy"],
            'did you mean "wsgi"?',
        ),
        (["help", "rnu"], 'unknown command "rnu"; did you mean "run"?'),
        (["run", "--config", "nowhere"], "cannot read nowhere: No such file or directory"),
        (["validate"], "there is no Caddyfile in this folder"),
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


def test_no_command_is_answered_with_the_help(tmp_path: Path) -> None:
    """`snake` alone and `snake help` print the help and exit with 0, as Caddy does."""
    expected = run("--help", folder=tmp_path).stdout
    storage = run("storage", folder=tmp_path)
    assert (storage.returncode, storage.stderr) == (0, "")
    assert storage.stdout.startswith("Usage: snake storage")
    for args in ([], ["help"]):
        done = run(*args, folder=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")


def test_help_explains_a_command(tmp_path: Path) -> None:
    """`snake help run` prints what `snake run --help` does."""
    done = run("help", "run", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout == run("run", "--help", folder=tmp_path).stdout


@pytest.mark.parametrize("args", [["version"], ["help"], ["run", "--help"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_one_line(args: list[str], unbuffered: str) -> None:
    """A full disk behind stdout is an error of one line; a reader that is gone is none."""
    command = [sys.executable, "-m", "snake", *args]
    environ = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=environ, check=False, timeout=30
        )
    assert done.stderr == b"Error: cannot write to stdout: No space left on device\n"
    assert done.returncode == 1
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as pipe:  # noqa: PTH123  (a descriptor)
        done = subprocess.run(
            command, stdout=pipe, stderr=subprocess.PIPE, env=environ, check=False, timeout=30
        )
    assert done.stderr == b""
