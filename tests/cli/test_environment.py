"""Env files, as Caddy reads them, and what is printed of the environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from snake import __version__
from snake.cli.environment import LARGEST, load_files, parse
from snake.cli.main import main
from snake.core.errors import SnakeError
from tests.server import run


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1", {"A": "1"}),
        ("# comment\n\nA=1\n", {"A": "1"}),
        ("  A=1  ", {"A": "1"}),
        ("export A=b", {"A": "b"}),
        ("A=two words # comment", {"A": "two words"}),
        ('A="x y"', {"A": "x y"}),
        ("A='x'", {"A": "x"}),
        ('A="multi\nline"\nB=2', {"A": "multi\nline", "B": "2"}),
        ('A="say \\"hi\\""', {"A": 'say "hi"'}),
        ("A=", {"A": ""}),
        ("A=b=c", {"A": "b=c"}),
        ("A=1\nA=2", {"A": "2"}),
        ("A=1\r\nB='2'\r\n", {"A": "1", "B": "2"}),
        ("A=x\u2028y", {"A": "x\u2028y"}),
        ("A=b\\nc", {"A": "b\\nc"}),
        ("A=x#y", {"A": "x"}),
    ],
)
def test_lines_are_read_as_caddy_does(text: str, found: dict[str, str]) -> None:
    """Comments, quotes, `export` and values over several lines."""
    assert parse(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\ufeffA=1", {"A": "1"}),
        ('A="x#y" # comment\nB=2', {"A": "x#y", "B": "2"}),
        ('A="x # y\nz" \nB=2', {"A": "x # y\nz", "B": "2"}),
        ('A="b"c"', {"A": 'b"c'}),
    ],
)
def test_quotes_and_marks_are_read_better(text: str, found: dict[str, str]) -> None:
    """A `#` in quotes is no comment, one behind them is; a byte order mark is no name."""
    assert parse(text) == found


@pytest.mark.parametrize("text", ["A", "=x", "A B=c", "A= b", "OK=1\nA\tB"])
def test_a_wrong_line_is_named(text: str) -> None:
    """A line that is no NAME=VALUE is an error with its number."""
    with pytest.raises(SnakeError, match=rf"^f:{text.count(chr(10)) + 1}: "):
        parse(text, "f")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"A='x\nB=2", "file:1: the quote ' that begins the value is not closed"),
        (b"A=1\nB\0=2", "file:2: there is a NUL byte"),
        (b"A='x\n\0'", "file:1: there is a NUL byte in the value"),
        (b"A=1\nB=\xe9", "file:2:3: the byte 0xe9 is not UTF-8"),
        (b"A=" + b"x" * LARGEST, "the env file file is larger than 1 MiB"),
        (b"\x7fELF\x02\x01\x01\0", "file:1: there is a NUL byte"),
    ],
)
def test_file_that_is_none_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, message: str
) -> None:
    """What is binary, too large or half written is one message with the line."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(data)
    with pytest.raises(SnakeError, match=re.escape(message)):
        load_files(["file"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "cannot read the env file nowhere: No such file or directory"),
        (".", "cannot read the env file .: Is a directory"),
        ("/dev/zero", "the env file /dev/zero is larger than 1 MiB"),
        ("a\0b", "cannot read the env file a\0b: embedded null byte"),
        ("", "cannot read the env file : "),
    ],
)
def test_what_is_no_file_is_told(name: str, message: str) -> None:
    """What cannot be read is one message with the reason."""
    with pytest.raises(SnakeError, match=re.escape(message)):
        load_files([name])


def test_environ_prints_folders_and_variables(tmp_path: Path) -> None:
    """Files are read, several with commas between; what was set before stays as it is."""
    (tmp_path / "a").write_text("OWN=file\nFIRST=a\n")
    (tmp_path / "b").write_text("FIRST=b\nSECOND=b\n")

    done = run("environ", "--envfile", "a,b", folder=tmp_path, env={"OWN": "mine"})

    facts, _, variables = done.stdout.partition("\n\n")
    assert f"snake.AppConfigDir={tmp_path}/xdg/snake" in facts.splitlines()
    assert {"OWN=mine", "FIRST=a", "SECOND=b"} <= set(variables.splitlines())
    assert done.returncode == 0


def test_build_info_lists_what_snake_needs(capsys: pytest.CaptureFixture[str]) -> None:
    """Every package that snake requires has a line, those that they require as well."""
    assert main(["build-info"]) == 0

    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    needed = {name for kind, name, *_ in lines if kind == "dep"}
    assert ["mod", "snake-server", f"v{__version__}"] in lines
    assert {"click", "cryptography", "cffi", "uvloop"} <= needed
    assert "pytest" not in needed
