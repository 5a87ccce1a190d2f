"""`snake list-modules`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from snake import __version__
from snake.standard import MODULES, PARTS
from tests.caddy import binary
from tests.server import run

PLUGIN = """\
[snake.modules]
http.handlers.visitor = visitor:Visitor
"""


@pytest.fixture
def plugin(tmp_path: Path) -> dict[str, str]:
    """An environment in which a package with a module is installed."""
    info = tmp_path / "snake_visitor-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: snake-visitor\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(PLUGIN)
    return {"PYTHONPATH": str(tmp_path)}


def test_every_module_is_a_line(tmp_path: Path) -> None:
    """Names come by the alphabet, and then how many there are."""
    done = run("list-modules", folder=tmp_path)

    lines = done.stdout.splitlines()
    names = sorted([*MODULES, *PARTS])
    assert lines == [*names, "", f"  Standard modules: {len(names)}"]


def test_modules_of_packages_are_apart(tmp_path: Path, plugin: dict[str, str]) -> None:
    """What a package adds has its name and version."""
    done = run("list-modules", "--packages", "--versions", "-s", folder=tmp_path, env=plugin).stdout

    assert done.splitlines() == [
        "http.handlers.visitor v1.2 snake-visitor",
        "",
        "  Non-standard modules: 1",
    ]


def test_json_has_the_names_of_caddy(tmp_path: Path, plugin: dict[str, str]) -> None:
    """Whoever reads Caddy's list can read ours."""
    ours = json.loads(run("list-modules", "--json", folder=tmp_path, env=plugin).stdout)
    theirs = json.loads(subprocess.check_output([binary(), "list-modules", "--json"]))

    assert ours[0].keys() == theirs[0].keys()
    assert ours[-1] == {
        "module_name": "http.handlers.visitor",
        "module_type": "non-standard",
        "version": "v1.2",
        "package_url": "snake-visitor",
    }
    assert ours[0]["version"] == f"v{__version__}"
