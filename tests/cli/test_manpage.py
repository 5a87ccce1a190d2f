"""`snake manpage`: a page for each command, which `man` shows."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from snake.cli.main import COMMANDS, main
from snake.cli.manpage import page
from snake.cli.manual import Manual, Paragraph

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all pages."""
    folder = tmp_path_factory.mktemp("man") / "new" / "man8"
    assert main(["manpage", "-o", str(folder)]) == 0
    return folder


def test_every_command_has_a_page(pages: Path) -> None:
    """Subcommands have one, too, and so has snake itself."""
    names = {path.name for path in pages.iterdir()}

    assert {f"snake-{name}.8" for name in COMMANDS} <= names
    assert {"snake.8", "snake-storage-export.8", "snake-file-server-export-template.8"} <= names


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man")
def test_man_shows_them_without_a_warning(pages: Path) -> None:
    """Each line of roff is understood, and the words are those of `--help`."""
    done = subprocess.run(
        ["man", "--warnings", "-l", *sorted(pages.iterdir())],
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    shown = done.stdout.replace("\u2010", "-")

    assert done.stderr == ""
    assert "snake-fmt - Format a Caddyfile, to the byte as caddy fmt does" in shown
    assert "  snake fmt -w site.conf  another file\n" in shown
    assert "Mind lines that begin with ` or \\:" in shown


def test_text_is_nothing_but_text() -> None:
    """A line that begins with a point or a quote is no request of roff's."""
    paragraphs = [
        Paragraph(".so /etc/passwd", as_it_is=False),
        Paragraph("'b\n\\fB", as_it_is=True),
    ]
    manual = Manual("snake x", "X", "", paragraphs, [("--x", ".x")], [])
    lines = page(manual, "1").splitlines()

    assert {r"\&.so /etc/passwd", r"\(aqb", r"\efB", r"\&.x"} <= set(lines)


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("file", "Directory 'file' is a file"),
        ("file/x", "cannot write to file/x: Not a directory"),
        ("/proc/x", "cannot write to /proc/x: No such file or directory"),
    ],
)
def test_folder_that_cannot_be_is_told(
    folder: str, message: str, capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names it, and the exit code is 1."""
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)

    assert main(["manpage", "-o", folder]) == 1
    assert message in capsys.readouterr().err
