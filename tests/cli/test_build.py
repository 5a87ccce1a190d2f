"""`snake build`: what is refused before anything is packed."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from snake.cli.app_named import app_named
from snake.cli.main import main
from snake.core.errors import SnakeError
from snake.program import arguments, code_at

APP = "from flask import Flask\n\napp = Flask(__name__)\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an app in a zip, which is the current one."""
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("shop.zip", "w") as archive:
        archive.writestr("main.py", APP)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the error of a command that fails, in one line."""
    assert main(["build", *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    return error.removeprefix("Error: ").strip()


def test_it_takes_an_app_or_is_told_to_take_none(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither an app nor --self, and both, are a mistake."""
    del here
    for words in ((), ("shop.zip", "--self")):
        assert told(capsys, *words).startswith("it takes a zip or a folder of an app, or --self")
    assert "exclude each other" in told(capsys, "shop.zip", "-r", "r.txt", "--venv", "v")


def test_sources_that_are_none_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not there and what is no zip are told, and no file is left."""
    (here / "text.zip").write_text("hello")
    assert (
        told(capsys, "no.zip", "-o", "x") == '"no.zip" does not exist; it takes a zip or a folder'
    )
    assert told(capsys, "text.zip", "-o", "x").startswith('"text.zip" is no zip that can be read: ')
    assert sorted(path.name for path in here.iterdir()) == ["shop.zip", "text.zip"]


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        ("man:app", '--app "man:app": the app has no module man; did you mean "main"?'),
        ("main:ap", '--app "main:ap": main.py has no ap; did you mean "app"?'),
        ("shop.web:app", '--app "shop.web:app": the app has no module shop.web'),
    ],
)
def test_app_that_is_not_in_it_is_told(
    here: Path, capsys: pytest.CaptureFixture[str], app: str, expected: str
) -> None:
    """A module or a name that is not in the zip is told with the nearest."""
    del here
    assert told(capsys, "shop.zip", "--app", app) == expected


def test_app_is_found_as_python_server_finds_it(tmp_path: Path) -> None:
    """The app and its kind need not be said where they can be seen."""
    (tmp_path / "main.py").write_text(APP)
    assert app_named(tmp_path, "", "") == ("main:app", "wsgi")
    (tmp_path / "main.py").write_text("from fastapi import FastAPI\napi = FastAPI()\n")
    assert app_named(tmp_path, "main.py", "") == ("main:api", "asgi")
    assert app_named(tmp_path, "main:api", "wsgi") == ("main:api", "wsgi")


def test_names_that_cannot_be_seen_are_believed(tmp_path: Path) -> None:
    """An app that a module makes in a way that only its import would show is not refused."""
    for text in ("from other import *\n", "globals()['app'] = 1\n", "def __getattr__(name): ...\n"):
        (tmp_path / "main.py").write_text(text)
        assert app_named(tmp_path, "main:app", "") == ("main:app", "wsgi")


def test_mistake_in_the_apps_own_code_is_told(tmp_path: Path) -> None:
    """A module that is no Python is told with its line, and not with the folder of the work."""
    (tmp_path / "main.py").write_text("app = (\n")
    with pytest.raises(SnakeError, match=r"^the app's folder/main.py:1: ") as caught:
        app_named(tmp_path, "main:app", "")
    assert str(tmp_path) not in str(caught.value)


def test_file_that_is_there_stays(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file is replaced unless that is said, and a folder never is."""
    (here / "shop").write_text("mine")
    assert told(capsys, "shop.zip") == (
        '"shop" exists; --force replaces it, --output names another'
    )
    assert (here / "shop").read_text() == "mine"
    assert "is the app itself" in told(capsys, "shop.zip", "-fo", "shop.zip")
    assert told(capsys, "shop.zip", "-fo", ".") == '"." is a folder; --output names a file'
    assert "does not exist" in told(capsys, "shop.zip", "-o", "no/where")


def test_missing_pyinstaller_is_told(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without PyInstaller, the command that installs it is told."""
    del here
    monkeypatch.setitem(sys.modules, "PyInstaller", None)  # as if it were not installed
    assert told(capsys, "shop.zip").endswith('not installed: pip install "snake-server[build]"')


def test_program_is_python_where_python_is_asked_for() -> None:
    """Only flags of Python before `-c` make a command line one of Python."""
    assert code_at(["x", "-P", "-c", "code", "1"]) == 3
    assert code_at(["x", "-B", "-S", "-I", "-c", "code"]) == 5
    for line in (
        [],
        ["-c"],
        ["run", "-c", "Caddyfile"],
        ["--listen", "-c", "x"],
        ["-l", "-c", "x"],
    ):
        assert code_at(["x", *line]) is None


def test_flags_of_a_program_come_after_its_own(tmp_path: Path) -> None:
    """A program has its app's flags, then the given ones; static files are the packed ones."""
    (tmp_path / "snake-app/static").mkdir(parents=True)
    settings = {"app": "main:app", "server_type": "asgi"}
    words = arguments(
        settings, ["--static-path=static", "--static-path", "other", "--debug"], tmp_path
    )
    app = tmp_path / "snake-app"
    assert words == [
        *("--app", "main:app", "--server-type", "asgi", "--working-dir", str(app)),
        *(f"--static-path={app}/static", "--static-path", "other", "--debug"),
    ]
