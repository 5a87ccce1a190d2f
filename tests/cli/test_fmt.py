"""`snake fmt`, run as its users run it."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

from snake.cli.main import snake
from tests.server import run

MESSY = "a{\n  b\n}"
TIDY = "a {\n\tb\n}\n"
NOBODY = 65_534
"""The user ID that owns nothing."""


def test_result_is_printed_and_the_file_stays(tmp_path: Path) -> None:
    """Without a name it is `./Caddyfile`; the exit code tells that it was not formatted."""
    (tmp_path / "Caddyfile").write_text(MESSY)

    done = run("fmt", folder=tmp_path)

    assert done.stdout == TIDY
    assert done.stderr == (
        "Error: Caddyfile:1: Caddyfile input is not formatted; Tip: use '--overwrite' to update "
        "your Caddyfile in-place instead of previewing it. Consult '--help' for more options\n"
    )
    assert done.returncode == 1
    assert (tmp_path / "Caddyfile").read_text() == MESSY


@pytest.mark.parametrize("args", [["site"], ["-c", "site"], ["--config=site"], ["", "-c", "site"]])
def test_file_has_a_name(tmp_path: Path, args: list[str]) -> None:
    """It is an argument or an option, and nothing is said of a file that is formatted."""
    (tmp_path / "site").write_text(TIDY)

    done = run("fmt", *args, folder=tmp_path)

    assert (done.stdout, done.stderr, done.returncode) == (TIDY, "", 0)


@pytest.mark.parametrize("options", [["-w"], ["--overwrite"], ["--diff", "-w"], ["-dw"]])
def test_overwriting_prints_nothing(tmp_path: Path, options: list[str]) -> None:
    """The exit code is 0, though the file was not formatted."""
    (tmp_path / "Caddyfile").write_text(MESSY)

    done = run("fmt", *options, folder=tmp_path)

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert (tmp_path / "Caddyfile").read_text() == TIDY


def test_bytes_that_are_no_text_are_not_overwritten(tmp_path: Path) -> None:
    """What is not UTF-8 could not be written back, so the file stays, and the place is told."""
    data = b"a{\n\xc3\xa9 \xff\xfe\n}"
    (tmp_path / "Caddyfile").write_bytes(data)

    done = run("fmt", "--overwrite", folder=tmp_path)

    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr.startswith("Error: Caddyfile:2:3: the byte 0xff is not UTF-8; save")
    assert (tmp_path / "Caddyfile").read_bytes() == data


def test_formatted_file_is_not_written(tmp_path: Path) -> None:
    """It need not be writable, and who watches it sees nothing."""
    file = tmp_path / "Caddyfile"
    file.write_text(TIDY)
    file.chmod(0o444)
    before = file.stat()

    done = run("fmt", "-w", folder=tmp_path)

    assert done.returncode == 0
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_difference_has_all_lines(tmp_path: Path) -> None:
    """Lines that stay have two spaces before them."""
    (tmp_path / "Caddyfile").write_text("a{\n\tb\n}\n")

    done = run("fmt", "--diff", folder=tmp_path)

    assert done.stdout == "- a{\n+ a {\n  \tb\n  }\n  \n"
    assert done.returncode == 1


@pytest.mark.parametrize("options", [[], ["-w"], ["-d"], ["-d", "-w"]])
@pytest.mark.parametrize("name", [["-"], ["-c", "-"]])
def test_stdin_is_formatted_to_stdout(tmp_path: Path, options: list[str], name: list[str]) -> None:
    """Whatever else is asked, the result is printed, and the exit code is 0."""
    done = run("fmt", *options, *name, folder=tmp_path, input=MESSY)

    assert (done.stdout, done.stderr, done.returncode) == (TIDY, "", 0)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "cannot read Caddyfile: No such file or directory"),
        (["nope"], "cannot read nope: No such file or directory"),
        (["-w", "nope"], "cannot read nope: No such file or directory"),
        (["."], "cannot read .: Is a directory"),
        (["a", "b"], "fmt takes one file, got a b"),
        (["a", "-c", "b"], "fmt takes one file, got b a"),
        (["--overwrit"], "No such option"),
    ],
)
def test_mistake_is_one_message(tmp_path: Path, args: list[str], message: str) -> None:
    """A mistake prints nothing else, writes nothing and ends with code 1."""
    done = run("fmt", *args, folder=tmp_path)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "args", "message"),
    [
        (0o000, [], "cannot read {}: Permission denied"),
        (0o444, ["-w"], "cannot write {}: Permission denied"),
    ],
)
def test_permissions_are_kept_to(mode: int, args: list[str], message: str) -> None:
    """What may not be read is not, and what may not be written to is not replaced."""
    user = os.geteuid()
    # Not tmp_path: its parents let nobody in but their owner.
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        file = Path(folder, "Caddyfile")
        file.write_text(MESSY)
        file.chmod(mode)
        if user == 0:  # who may read and write everything
            os.seteuid(NOBODY)
        try:
            done = CliRunner().invoke(snake, ["fmt", *args, str(file)])
        finally:
            os.seteuid(user)
        file.chmod(0o600)

        assert str(done.exception) == message.format(file)
        assert file.read_text() == MESSY
        assert os.listdir(folder) == ["Caddyfile"]  # noqa: PTH208  (names)
