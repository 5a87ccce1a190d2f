"""Where embedded apps live: folder, packages, variables."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import pytest

from snake.core.errors import StartError
from snake.python.env import Environment
from snake.python.venv import active_venv

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def make_venv(folder: Path, version: str = f"{VERSION}.1", packages: bool = True) -> Path:  # noqa: FBT001, FBT002
    """Make what a venv is: a settings file and a folder for packages."""
    folder.mkdir()
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\n")
    if packages:
        (folder / "lib" / f"python{VERSION}" / "site-packages").mkdir(parents=True)
    return folder


def packages_of(venv: Path) -> Path:
    """Return where a venv keeps its packages."""
    return venv / "lib" / f"python{VERSION}" / "site-packages"


def test_working_dir_is_the_current_folder_and_first_in_the_path(folder: Path) -> None:
    """Files are opened and modules are found where the app is."""
    (folder / "site").mkdir()
    (folder / "site" / "inside_the_working_dir.py").write_text("here = __file__")

    Environment(folder / "site").enter()

    assert Path.cwd() == folder / "site"
    assert sys.path[0] == str(folder / "site")
    assert import_module("inside_the_working_dir").here.startswith(str(folder))


@pytest.mark.parametrize(("name", "message"), [("no", "does not exist"), ("file", "is not a")])
def test_working_dir_that_is_none_is_named(folder: Path, name: str, message: str) -> None:
    """A folder that is missing, and one that is a file, are told apart."""
    (folder / "file").touch()

    with pytest.raises(StartError, match=message):
        Environment(folder / name).enter()


def test_packages_of_the_venv_come_before_the_servers(folder: Path) -> None:
    """The app gets its own version of a package that the server has too, and the .pth files."""
    venv = make_venv(folder / "venv")
    (packages_of(venv) / "only_in_the_venv.py").touch()
    (packages_of(venv) / "more.pth").write_text(str(folder / "linked"))
    (folder / "linked").mkdir()

    Environment(folder, venv).enter()

    own = next(i for i, path in enumerate(sys.path) if path.endswith("-packages"))
    assert sys.path[own] == str(packages_of(venv))
    assert str(folder / "linked") in sys.path
    import_module("only_in_the_venv")


def test_standard_library_comes_before_the_venv(folder: Path) -> None:
    """A package in a venv never shadows the standard library, as in the venv's own Python."""
    venv = make_venv(folder / "venv")

    Environment(folder, venv).enter()

    assert sys.path.index(os.path.dirname(os.__file__)) < sys.path.index(str(packages_of(venv)))  # noqa: PTH120


def test_venv_that_is_none_is_refused(folder: Path) -> None:
    """A folder that is missing, one that is no venv, and an empty venv are told apart."""
    (folder / "plain").mkdir()
    make_venv(folder / "empty", packages=False)

    for name, message in {
        "missing": "does not exist",
        "plain": "is not a venv: it has no pyvenv.cfg",
        "empty": f"has no packages for Python {VERSION}",
    }.items():
        with pytest.raises(StartError, match=message):
            Environment(folder, folder / name).enter()


def test_venv_of_another_python_is_refused(folder: Path) -> None:
    """Both versions are in the message, and what to do."""
    venv = make_venv(folder / "venv", version="3.4.10")

    with pytest.raises(StartError) as caught:
        Environment(folder, venv).enter()

    assert f"is for Python 3.4, and snake runs on Python {VERSION}" in str(caught.value)


def test_activated_venv_is_used(folder: Path) -> None:
    """Without `venv`, the one that the shell has activated counts, if it is one and not snake's."""
    venv = make_venv(folder / "venv")

    assert active_venv() is None
    os.environ["VIRTUAL_ENV"] = str(venv)
    assert active_venv() == venv
    os.environ["VIRTUAL_ENV"] = str(folder)
    assert active_venv() is None
    os.environ["VIRTUAL_ENV"] = sys.prefix
    assert active_venv() is None


def test_variables_come_from_files_and_then_from_the_config(folder: Path) -> None:
    """A later file wins over an earlier one, and `env_var` over all."""
    (folder / ".env").write_text("A=1\nB=1\nC=1\n")
    (folder / "more.env").write_text("B=2\nC=2\n")

    Environment(folder, None, (".env", "more.env"), {"C": "3"}).enter()

    assert [os.environ[name] for name in "ABC"] == ["1", "2", "3"]


def test_env_file_syntax(folder: Path) -> None:
    """Comments, `export`, quotes and equals signs are read as in other tools."""
    lines = ["# comment", "", "export A=1", "B = ' two '", 'C="x=y"', "D=", "E='open"]
    (folder / ".env").write_text("\n".join(lines))

    Environment(folder, None, (".env",)).enter()

    assert [os.environ[name] for name in "ABCDE"] == ["1", " two ", "x=y", "", "'open"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("none.env", 'env_file "none.env":'),
        ("../x", 'env_file path contains path traversal: "../x"'),
        ("link", 'env_file "link" resolves outside working_dir'),
        ("sub", 'env_file "sub" is a directory'),
        ("pipe", 'env_file "pipe": It is no file but a pipe or a device'),
        ("large.env", 'env_file "large.env": It is larger than 1024 KiB'),
        ("bad.env", r"bad.env:2: invalid line \(expected KEY=VALUE\)"),
        ("hijack.env", "disallowed environment variable name"),
    ],
)
def test_env_file_that_is_none_is_refused(folder: Path, file: str, message: str) -> None:
    """What is wrong with a file is said, with its line."""
    site = folder / "site"
    (site / "sub").mkdir(parents=True)
    os.mkfifo(site / "pipe")
    (site / "large.env").write_text("A=" + "x" * 1024 * 1024)
    (site / "link").symlink_to("/etc/hostname")
    (site / "bad.env").write_text("A=1\nno equals sign\n")
    (site / "hijack.env").write_text("LD_PRELOAD=/x.so\n")

    with pytest.raises(StartError, match=message):
        Environment(site, None, (file,)).enter()
