"""examples/plugin: a directive from a package of its own, installed as pip installs one."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.plugin.installing import install
from tests.server import run, running

SITE = "http://localhost:PORT {\n\tvisitor_ip X-Your-Address\n\trespond hi\n}\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the plugin is installed."""
    return install("plugin", tmp_path_factory.mktemp("plugin"))


def test_directive_works_like_ours(installed: dict[str, str], tmp_path: Path) -> None:
    """A site uses the plugin's directive, and each response has the visitor's address."""
    with running(SITE, tmp_path, env=installed) as server:
        answer = httpx.get(f"http://localhost:{server.port}/")

    assert answer.headers["x-your-address"] in {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    assert answer.text == "hi"


def test_directive_has_its_place_in_the_order(installed: dict[str, str], tmp_path: Path) -> None:
    """The directive stands where it asks to stand, wherever it is written."""
    (tmp_path / "Caddyfile").write_text(":80\nrespond hi\nvisitor_ip\nheader A b\n")

    document = json.loads(run("adapt", folder=tmp_path, env=installed).stdout)

    (route,) = document["apps"]["http"]["servers"]["srv0"]["routes"]
    names = [handler["handler"] for handler in route["handle"]]
    assert names == ["headers", "visitor_ip", "static_response"]


def test_settings_are_checked(installed: dict[str, str], tmp_path: Path) -> None:
    """What the plugin refuses is one message with the place, and no traceback."""
    (tmp_path / "Caddyfile").write_text('http://localhost:9080\nvisitor_ip "two words"\n')

    done = run("validate", folder=tmp_path, env=installed)

    assert done.returncode == 1
    assert "not a header name: 'two words'" in done.stderr
    assert "Traceback" not in done.stderr


def test_directive_is_unknown_without_the_plugin(tmp_path: Path) -> None:
    """Without the package, its directive is as unknown as any other."""
    (tmp_path / "Caddyfile").write_text("http://localhost:9080\nvisitor_ip\n")

    done = run("adapt", folder=tmp_path)

    assert done.returncode == 1
    assert "visitor_ip" in done.stderr
