"""`snake adapt`, run as its users run it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import caddy

ROOT = Path(__file__).parents[2]
SITE = ':80 {\n\trespond "<b>{$SNAKE_TEST_NAME:nobody} & {path}"\n}\n'


def snake(
    folder: Path, *args: str, stdin: str = "", code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run `snake adapt` in a folder, and check its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "snake", "adapt", *args],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def test_caddyfile_of_the_folder_is_printed_as_caddy_prints_it(tmp_path: Path) -> None:
    """Without a name it is `./Caddyfile`; the text is Caddy's, escapes and order of keys too."""
    file = tmp_path / "Caddyfile"
    file.write_text(SITE)

    assert snake(tmp_path).stdout == caddy.adapt(file).text


def test_pretty_is_the_same_on_several_lines(tmp_path: Path) -> None:
    """`--pretty` indents by tabs."""
    (tmp_path / "site").write_text(SITE)

    printed = snake(tmp_path, "--config", "site", "--pretty").stdout

    assert printed.startswith('{\n\t"apps": {\n\t\t"http": {')
    assert json.loads(printed) == json.loads(snake(tmp_path, "-c", "site").stdout)


def test_stdin_and_an_env_file(tmp_path: Path) -> None:
    """`-` reads from stdin, and `--envfile` sets variables before anything is read."""
    (tmp_path / "env").write_text("SNAKE_TEST_NAME=somebody\n")

    printed = snake(tmp_path, "-c", "-", "--envfile", "env", stdin=SITE).stdout

    assert "somebody" in printed


def test_warnings_do_not_mix_with_the_json(tmp_path: Path) -> None:
    """What is odd is logged on stderr, with its place."""
    done = snake(tmp_path, "-c", "-", stdin="a.com/x {\n}\n")

    assert json.loads(done.stdout)["apps"]
    [warning] = map(json.loads, done.stderr.splitlines())
    assert warning["msg"].startswith("a.com/x: using a path in a site address is deprecated")
    assert (warning["file"], warning["line"]) == ("-", 1)


@pytest.mark.parametrize("text", [":80 {\n  respond a\n}\n", ":80 {\r\n\trespond a\r\n}"])
def test_layout_is_warned_of_as_caddy_warns_of_it(tmp_path: Path, text: str) -> None:
    """The record is Caddy's, but for the time and the name of the program to run."""
    (tmp_path / "Caddyfile").write_bytes(text.encode())
    args = ["adapt", "--config", "Caddyfile"]
    theirs = subprocess.run(
        [caddy.binary(), *args], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    done = snake(tmp_path, *args[1:])

    assert _timeless(done.stderr) == _timeless(theirs.stderr).replace("'caddy ", "'snake ")


def _timeless(line: str) -> str:
    return re.sub(r'"ts":[0-9.]+', '"ts":0', line)


def test_warnings_are_short_lines_on_a_terminal(tmp_path: Path) -> None:
    """A person gets what `snake run` would print: no JSON."""
    (tmp_path / "Caddyfile").write_text(":80 {\n respond a\n}\n")
    master, terminal = os.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "snake", "adapt"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            stdout=subprocess.DEVNULL,
            stderr=terminal,
            timeout=30,
            check=True,
        )
        seen = os.read(master, 4096).decode()
    finally:
        os.close(master)
        os.close(terminal)

    assert "WARN  caddyfile Caddyfile input is not formatted; run 'snake fmt" in seen
    assert "file=Caddyfile line=2" in seen


def test_result_can_be_validated(tmp_path: Path) -> None:
    """`--validate` provisions the result, and fails when that does."""
    good = ":80 {\n\trespond a\n}\n"
    bad = ":80 {\n\t@a path_regexp (\n\trespond @a a\n}\n"

    snake(tmp_path, "-c", "-", "--validate", stdin=good)
    snake(tmp_path, "-c", "-", stdin=bad)
    done = snake(tmp_path, "-c", "-", "--validate", stdin=bad, code=1)

    assert "path_regexp" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("args", "stdin", "message"),
    [
        ([], "", "there is no Caddyfile in this folder"),
        (["-c", "nope"], "", "cannot read nope"),
        (["-c", "-", "-a", "yaml"], "", "unrecognized config adapter: yaml"),
        (["-c", "-"], ":80 {\n\trespnd a\n}\n", "-:2: unrecognized directive: respnd; did you"),
        (["-c", "-", "--envfile", "nope"], "", "cannot read the env file nope"),
    ],
)
def test_mistake_is_one_message(tmp_path: Path, args: list[str], stdin: str, message: str) -> None:
    """A mistake prints no traceback and no JSON, and ends with code 1."""
    done = snake(tmp_path, *args, stdin=stdin, code=1)

    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
