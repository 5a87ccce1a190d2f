"""What an app needs: where it is said, and what is told when it cannot be had."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from snake.bundle.layout import packages
from snake.bundle.requirements import adopt, install, requirements
from snake.core.errors import SnakeError
from snake.python.venv import site_packages


def test_requirements_come_from_the_apps_own_file(tmp_path: Path) -> None:
    """`requirements.txt` counts before `pyproject.toml`; an app without either needs nothing."""
    assert requirements(tmp_path) == []

    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["flask>=3", "rich"]')
    assert requirements(tmp_path) == ["flask>=3", "rich"]

    file = tmp_path / "requirements.txt"
    file.write_text("flask")
    assert requirements(tmp_path) == ["--requirement", str(file)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[project", "pyproject.toml: "),
        ('[project]\ndependencies = "flask"', "project.dependencies takes a list of texts"),
        ("[project]\ndependencies = [1]", "project.dependencies takes a list of texts"),
        ('[project]\ndynamic = ["dependencies"]', "put a requirements.txt beside it"),
        ("[tool.poetry.dependencies]\nflask = '3'", "put a requirements.txt beside it"),
    ],
)
def test_project_that_does_not_say_it_is_told(tmp_path: Path, text: str, told: str) -> None:
    """A `pyproject.toml` that is wrong, or has them elsewhere, is not one without packages."""
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(SnakeError) as caught:
        requirements(tmp_path)
    assert told in str(caught.value)


def test_what_pip_says_is_told(tmp_path: Path) -> None:
    """A package that cannot be installed is told in pip's words; no program is made of the rest."""
    (tmp_path / "requirements.txt").write_text("./no-such-package\n")

    with pytest.raises(
        SnakeError, match=r"^pip cannot install the app's packages:\nERROR: .*no-such-pac"
    ):
        install(requirements(tmp_path), tmp_path, tmp_path / "venv")


def test_packages_of_a_venv_are_taken(tmp_path: Path) -> None:
    """Packages that are installed already become a venv that snake knows, without pip itself."""
    given = tmp_path / "given"
    for name in ("shop/__init__.py", "shop-1.0.dist-info/METADATA", "pip/__init__.py"):
        (given / name).parent.mkdir(parents=True)
        (given / name).write_text("")

    adopt(given, tmp_path / "venv")

    (folder,) = site_packages(tmp_path / "venv")
    assert Path(folder) == packages(tmp_path / "venv")
    assert {path.name for path in Path(folder).iterdir()} == {"shop", "shop-1.0.dist-info"}


def test_venv_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """A folder of something else, and a venv of another Python, are told."""
    with pytest.raises(SnakeError, match="there is none at"):
        adopt(tmp_path / "nowhere", tmp_path / "venv")
    with pytest.raises(SnakeError, match="is neither a venv nor a folder of packages"):
        adopt(tmp_path, tmp_path / "venv")
    (tmp_path / "pyvenv.cfg").write_text("version = 3.8.1\n")
    with pytest.raises(
        SnakeError, match=rf"is for Python 3.8, and snake runs on .*{sys.version_info[1]}"
    ):
        adopt(tmp_path, tmp_path / "venv")
