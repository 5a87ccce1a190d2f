"""The app of a folder is found by what its files say, and none of them is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from snake.cli.find_app import find_app, named
from snake.core.errors import SnakeError

BOOM = "raise SystemExit('this was imported')\n"


def write(folder: Path, **files: str) -> Path:
    """Write modules; `a__b` is the module `b` of the package `a`. None of them can be imported."""
    for name, text in files.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(BOOM + text)
    return folder


@pytest.mark.parametrize(
    ("module", "text", "name", "kind"),
    [
        ("main", "from fastapi import FastAPI\napp = FastAPI()", "main:app", "asgi"),
        ("api", "import fastapi\nservice = fastapi.FastAPI()", "api:service", "asgi"),
        ("app", "from flask import Flask\napplication = Flask('x')", "app:application", "wsgi"),
        ("wsgi", "import falcon\napp = falcon.App()", "wsgi:app", "wsgi"),
        ("asgi", "import falcon.asgi\napp = falcon.asgi.App()", "asgi:app", "asgi"),
        ("asgi", "from falcon import asgi\napp: object = asgi.App()", "asgi:app", "asgi"),
        ("main", "async def app(scope, receive, send): ...", "main:app", "asgi"),
        ("main", "def app(environ, start_response): ...", "main:app", "wsgi"),
        ("main", "from made import create\napp = create()", "main:app", ""),
        ("main", "import quart as q\nif True:\n    app = q.Quart('x')", "main:app", "asgi"),
        (
            "main",
            "try:\n    from bottle import Bottle\nfinally: ...\napp = Bottle()",
            "main:app",
            "wsgi",
        ),
        (
            "main",
            "import socketio as s\nx = s.AsyncServer()\napp = s.ASGIApp(x)",
            "main:app",
            "asgi",
        ),
        ("app__main", "from litestar import Litestar\napp = Litestar([])", "app.main:app", "asgi"),
    ],
)
def test_what_an_app_is_made_by(
    tmp_path: Path, module: str, text: str, name: str, kind: str
) -> None:
    """Frameworks are known by what their apps are made of, however that was imported."""
    found = find_app(write(tmp_path, **{module: text}))

    assert (found.name, found.kind) == (name, kind)


def test_usual_name_wins_in_a_module(tmp_path: Path) -> None:
    """Of several apps in a module `app` is meant; sub-apps have other names."""
    write(tmp_path, main="from fastapi import FastAPI\nadmin = FastAPI()\napp = FastAPI()")

    assert find_app(tmp_path).name == "main:app"


def test_app_that_was_imported_is_one(tmp_path: Path) -> None:
    """A module that only passes an app on does not make two of it."""
    write(
        tmp_path,
        app="from flask import Flask\napp = Flask('x')",
        wsgi="from app import app",
        main="from app import app\nif __name__ == '__main__':\n    app = app.run()",
    )

    assert find_app(tmp_path).name == "app:app"


def test_several_apps_are_listed(tmp_path: Path) -> None:
    """With several, each is shown as the flag that chooses it, with its line; a kind may decide."""
    write(
        tmp_path,
        main="from fastapi import FastAPI\napp = FastAPI()",
        wsgi="from flask import Flask\napplication = Flask('x')",
    )
    with pytest.raises(SnakeError) as caught:
        find_app(tmp_path)

    assert str(caught.value).splitlines() == [
        "there are several apps; choose one with --app:",
        "  --app main:app          FastAPI (ASGI), line 3",
        "  --app wsgi:application  Flask (WSGI), line 3",
    ]
    assert find_app(tmp_path, "wsgi").name == "wsgi:application"


@pytest.mark.parametrize(
    ("files", "kind", "message"),
    [
        ({}, "", "found no app in"),
        ({"app": "def create_app(): ..."}, "", "app has the factory create_app, and no app;"),
        ({"app": "import flask\napp = flask.Flask('')"}, "asgi", "there is no ASGI app here, but"),
        ({"main": "def app(:"}, "", "main.py:2: invalid syntax"),
    ],
)
def test_no_app(tmp_path: Path, files: dict[str, str], kind: str, message: str) -> None:
    """What there is instead is told, and what to do."""
    with pytest.raises(SnakeError) as caught:
        find_app(write(tmp_path, **files), kind)

    assert message in str(caught.value)


def test_django_project(tmp_path: Path) -> None:
    """`manage.py` names the project; its WSGI app is meant unless ASGI does more."""
    command = [sys.executable, "-m", "django", "startproject", "mysite", "."]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)

    assert find_app(tmp_path).name == "mysite.wsgi:application"
    assert find_app(tmp_path, "asgi").name == "mysite.asgi:application"
    asgi = tmp_path / "mysite" / "asgi.py"
    channels = "from channels.routing import ProtocolTypeRouter\n"
    asgi.write_text(f"{channels}application = ProtocolTypeRouter({{}})\n")
    assert find_app(tmp_path).name == "mysite.asgi:application"


def test_names_that_say_less(tmp_path: Path) -> None:
    """`main`, `main.py` and `main:app` name one app; what is not seen is left to the import."""
    write(tmp_path, main="from fastapi import FastAPI\nother = app = FastAPI()")

    for name in ("main", "main.py", "./main.py", "main:app"):
        found = named(tmp_path, name)
        assert (found.name, found.kind) == ("main:app", "asgi")
    assert named(tmp_path, "main:other").kind == "asgi"
    assert (named(tmp_path, "json:loads").name, named(tmp_path, "json:loads").kind) == (
        "json:loads",
        "",
    )
    with pytest.raises(SnakeError, match=r'there is no module mian in .*; did you mean "main"'):
        named(tmp_path, "mian")
