"""Where apps run: in the workers when nothing keeps them apart, else in a pool."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snake.python.placement import Placed, placements
from tests.python.test_plan import document
from tests.venvs import VERSION, empty, packages, pretend

pytestmark = pytest.mark.usefixtures("folder")


def placed(*handlers: dict[str, Any]) -> list[Placed]:
    """Return where the apps of a document run."""
    return placements(document(*handlers))


def python(**fields: Any) -> dict[str, Any]:
    """Return a handler; its app is `main:app` if nothing else is said."""
    return {"handler": "python", "module_wsgi": "main:app", **fields}


def reason(*handlers: dict[str, Any]) -> str:
    """Return why the last app is in a pool; nothing if it is not."""
    last = placed(*handlers)[-1]
    return last.reason if last.pooled else ""


def test_an_app_runs_in_the_workers() -> None:
    """Without a reason against it, an app is embedded."""
    assert [(each.pooled, each.reason) for each in placed(python())] == [
        (False, "nothing keeps it apart")
    ]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"autoreload": "on"}, "autoreload"),
        ({"python_path": "/other/python"}, "another interpreter, /other/python"),
        ({"python_path": "python-of-nobody"}, "another interpreter, python-of-nobody"),
        ({"isolation": {"backend": "docker"}}, "isolation docker"),
        ({"working_dir": "{host}"}, "placeholders choose it: {host}"),
    ],
)
def test_what_keeps_an_app_apart(fields: dict[str, Any], why: str) -> None:
    """Each setting that an app in a worker cannot have is the reason for its pool."""
    assert reason(python(**fields)) == why


def test_own_interpreter_is_no_reason() -> None:
    """Whoever names the Python that snake runs on gets an embedded app."""
    assert reason(python(python_path=sys.executable)) == ""


def test_another_environment_is_a_reason(folder: Path) -> None:
    """Of two environments the first is that of the workers."""
    (folder / "b").mkdir()

    assert reason(python(), python(working_dir="b", env_vars={"A": "1"})) == (
        "another working_dir and env_var than the first app, main:app"
    )
    assert reason(python(), python(working_dir="b"), python(module_wsgi="c:app")) == ""


def test_venv_with_another_version_of_what_workers_have(folder: Path) -> None:
    """The reason names the package and both versions."""
    pretend(empty(folder / "venv"), "msgspec", "0.18.6")

    assert reason(python(venv_path="venv")) == (
        f"its venv has msgspec 0.18.6, and snake runs on {msgspec.__version__}"
    )


def test_same_version_is_no_clash(folder: Path) -> None:
    """A venv that has what the workers have is no reason for a pool."""
    pretend(empty(folder / "venv"), "msgspec", msgspec.__version__)

    assert reason(python(venv_path="venv")) == ""


def test_activated_venv_counts(folder: Path) -> None:
    """The venv that the shell has activated is the app's as one that is named."""
    pretend(empty(folder / "venv"), "msgspec", "0.18.6")
    os.environ["VIRTUAL_ENV"] = str(folder / "venv")

    assert "msgspec 0.18.6" in reason(python())


def test_venv_of_another_python(folder: Path) -> None:
    """A venv that this Python cannot use is used by its own."""
    settings = empty(folder / "venv") / "pyvenv.cfg"
    settings.write_text("home = /usr/bin\nversion = 3.4.1\n")

    assert reason(python(venv_path="venv")) == (
        f"a venv of another Python than {VERSION}, {folder / 'venv'}"
    )


def test_directive_makes_its_packages_matter(folder: Path) -> None:
    """An app may have another Jinja, but not beside `templates`, which runs in the same worker."""
    pretend(empty(folder / "venv"), "jinja2", "2.0")
    app = python(venv_path="venv")

    assert reason(app) == ""
    assert reason({"handler": "templates"}, app).startswith(
        "its venv has jinja2 2.0, and templates uses 3."
    )


@pytest.mark.parametrize("name", ["click", "lark", "h11", "wsproto", "hypercorn", "h2", "flask"])
def test_what_can_be_there_twice_is_no_clash(folder: Path, name: str) -> None:
    """What no worker imports, and what Hypercorn brings, an app has in its own version."""
    pretend(empty(folder / "venv"), name, "0.0.1")

    assert reason(python(venv_path="venv")) == ""


def test_module_of_the_app_with_the_name_of_a_package(folder: Path) -> None:
    """A file in the app's folder that is named as a package of the workers is its own."""
    (folder / "zstandard.py").touch()
    (folder / "httptools").mkdir()

    assert reason(python()) == ""
    (folder / "httptools" / "__init__.py").touch()
    assert reason(python()) == "its working_dir has a module httptools, which snake uses"
    (folder / "httptools" / "__init__.py").unlink()
    assert reason({"encodings": {"zstd": {}}, "handler": "encode"}, python()) == (
        "its working_dir has a module zstandard, which zstd uses"
    )


def test_module_called_snake(folder: Path) -> None:
    """An app may have a module of this server's name, in its folder or its venv."""
    venv = empty(folder / "venv")
    (packages(venv) / "snake").mkdir()
    (packages(venv) / "snake" / "__init__.py").touch()

    assert reason(python(venv_path="venv")) == (
        "its venv has a package snake, which is this server's name"
    )
    (packages(venv) / "snake_server-0.0.1.dist-info").mkdir()
    assert reason(python(venv_path="venv")) == ""
    (folder / "snake.py").touch()
    assert reason(python()) == "its working_dir has a module snake, which is this server's name"


def test_folder_of_snake_itself_is_no_clash() -> None:
    """An app beside snake's own source is embedded."""
    assert reason(python(working_dir=str(Path(__file__).parents[2]))) == ""
