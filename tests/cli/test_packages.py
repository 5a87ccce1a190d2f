"""`snake add-package`, `remove-package` and `upgrade`: what they run, and what they refuse."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from snake.cli import installer
from snake.cli.main import main
from snake.core.errors import SnakeError
from tests.server import ROOT, environment
from tests.venvs import empty, packages

Captured = pytest.CaptureFixture[str]

PLUGIN = {
    "snake_visitor.py": "",
    "snake_visitor-1.2.dist-info/METADATA": (
        "Metadata-Version: 2.1\nName: snake-visitor\nVersion: 1.2\n"
    ),
    "snake_visitor-1.2.dist-info/WHEEL": (
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    ),
    "snake_visitor-1.2.dist-info/entry_points.txt": (
        "[snake.modules]\nhttp.handlers.visitor = snake_visitor:Visitor\n"
    ),
}


@pytest.mark.slow
def test_plugin_comes_and_goes(tmp_path: Path) -> None:
    """The pip of snake's own Python installs it; snake knows it at once, and removes it again."""
    venv = empty(tmp_path / "venv")
    here = sysconfig.get_path("purelib")
    (packages(venv) / "here.pth").write_text(f"{ROOT}\n{here}\n")
    wheel = tmp_path / "snake_visitor-1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in PLUGIN.items():
            archive.writestr(name, text)
        archive.writestr("snake_visitor-1.2.dist-info/RECORD", "".join(f"{n},,\n" for n in PLUGIN))

    def snake(*args: str) -> subprocess.CompletedProcess[str]:
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_QUIET": "1"}
        return subprocess.run(
            [venv / "bin/python", "-m", "snake", *args],
            cwd=tmp_path,
            env=environment(tmp_path) | pip | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    added = snake("add-package", "snake-visitor@1.2")
    again = snake("add-package", "snake-visitor")
    listed = snake("list-modules", "--skip-standard", "--packages")
    removed = snake("remove-package", "Snake_Visitor")

    python = venv / "bin/python"
    assert added.stderr.splitlines()[0].startswith(f"$ {python} -m pip install snake-server==")
    assert added.stdout.splitlines() == [
        "added snake-visitor 1.2; snake list-modules -s lists what it brings",
        "to go back: snake remove-package snake-visitor",
    ]
    assert "Error: snake-visitor 1.2 is there already" in again.stderr
    assert listed.stdout.splitlines()[0] == "http.handlers.visitor snake-visitor"
    assert removed.stdout == "to go back: snake add-package snake-visitor@1.2\n"
    assert [each.returncode for each in (added, again, removed)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("add-package", "Missing argument 'NAME[@VERSION]...'"),
        ("add-package -- --index-url=http://x", '"--index-url=http://x" is no name of a package'),
        ("add-package ../x", '"../x" is no name of a package'),
        ("add-package git+https://x/y", "is no name of a package"),
        ("add-package x;y", '"x;y" is no name of a package'),
        ("add-package github.com/caddy-dns/cloudflare", "is a package for Caddy, in Go"),
        ("add-package snake-server@9", "snake-server is snake itself; snake upgrade changes it"),
        ("add-package Click@1", "Click is a part of snake, which needs it as it is"),
        ("add-package pytest", "is there already; for another version: snake add-package pytest@"),
        ("remove-package click", "click is a part of snake"),
        ("remove-package pytest", "pytest adds nothing to snake, and may be somebody else's"),
        ("remove-package nowhere", 'there is no package "nowhere" here'),
        ("upgrade now", "Got unexpected extra argument (now)"),
    ],
)
def test_what_is_not_done_is_told(args: str, message: str, capsys: Captured) -> None:
    """Nothing is run: not for an option of pip's, not for what snake is made of."""
    assert main(args.split()) == 1

    said = capsys.readouterr().err
    assert message in said
    assert "$" not in said


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment that this Python seems to run in, with no plugin of snake's."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(installer, "version_of", lambda _: "1.0")
    monkeypatch.setattr(installer, "plugins", lambda: {"snake-a": "1", "snake-b": "2"})
    return tmp_path


def test_pipx_is_asked_where_it_has_installed_snake(prefix: Path) -> None:
    """Its environment is told by a file of pipx's."""
    (prefix / "pipx_metadata.json").touch()
    tool = installer.installer()

    assert tool.adding(["snake-c==3"]) == ("pipx", "inject", "snake-server", "snake-c==3")
    assert tool.removing(["snake-a"]) == ("pipx", "uninject", "snake-server", "snake-a")
    assert tool.upgrading() == ("pipx", "upgrade", "snake-server")


def test_uv_is_told_all_that_a_tool_has(prefix: Path) -> None:
    """It makes the environment anew: what is not named again would be gone."""
    (prefix / "uv-receipt.toml").touch()
    tool = installer.installer()
    install = ("uv", "tool", "install", "snake-server==1.0")

    assert tool.adding(["snake-c"]) == (
        *install,
        *("--with=snake-a==1", "--with=snake-b==2", "--with=snake-c"),
    )
    assert tool.removing(["snake-a"]) == (*install, "--with=snake-b==2")
    assert tool.upgrading() == ("uv", "tool", "upgrade", "snake-server")


def test_python_of_the_system_is_left_alone(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PEP 668: its packages are its own tools'. So is a snake that is one file."""
    (prefix / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(sys, "base_prefix", str(prefix))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(prefix))
    with pytest.raises(SnakeError, match="belongs to the operating system"):
        installer.installer()

    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(SnakeError, match="this snake is one file"):
        installer.installer()


def test_tool_that_is_not_there_is_named() -> None:
    """A tool may be gone since, and a command may fail."""
    with pytest.raises(SnakeError, match="cannot run no-such-tool: No such file"):
        installer.run(("no-such-tool", "x"))
    with pytest.raises(SnakeError, match="false has failed, with exit code 1"):
        installer.run(("false",))
