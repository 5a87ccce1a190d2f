"""`snake run --watch`: what is saved runs, in real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server import Server, free_port, run, running

pytestmark = pytest.mark.slow

SITE = "{\n admin off\n}\nimport parts/*.caddyfile\n:PORT {\n import said\n}\n"
RELOADED = "reloaded the configuration"
CHANGED = "config file changed; reloading"


def said(text: str) -> str:
    """Return a snippet."""
    return f"(said) {{\n respond {text}\n}}\n"


@pytest.fixture
def api() -> str:
    """Return an address for the admin API."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def server(tmp_path: Path, api: str) -> Iterator[Server]:
    """Return a server whose Caddyfile imports what is in `parts`."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "said.caddyfile").write_text(said("one"))
    with running(SITE.replace("admin off", f"admin {api}"), tmp_path, "--watch") as started:
        started.wait_for("watching config file for changes")
        started.wait_for("admin endpoint started")
        yield started


def replace(file: Path, text: str) -> None:
    """Save as many editors do: write another file, and give it the name."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(text)
    fresh.rename(file)


def test_what_is_saved_runs(server: Server, api: str) -> None:
    """The file and its imports are watched, those that come later as well.

    A broken save is told once with its place, and the old configuration serves on; so does a
    process whose file is gone. A file that says what it said before undoes no change by the API.
    """
    part = server.folder / "parts" / "said.caddyfile"
    replace(part, said("two"))
    server.wait_for(RELOADED)
    assert httpx.get(server.url).text == "two"
    assert server.wait_for(CHANGED)["changed"] == ["parts/said.caddyfile"]

    route = f"http://{api}/config/apps/http/servers/srv0/routes"
    new = [{"handle": [{"handler": "static_response", "body": "api"}]}]
    assert httpx.patch(route, json=new).status_code == 200
    replace(part, said("two"))
    server.wait_for("config is unchanged")
    assert httpx.get(server.url).text == "api"

    replace(part, said("three {\n}\n bogus"))
    error = server.wait_for("unable to load latest config")["error"]
    assert error.startswith(f"{part}:4: unrecognized directive: bogus\n")
    assert "imported from Caddyfile:6" in error
    assert httpx.get(server.url).text == "api"

    part.unlink()
    server.wait_for("unable to load latest config", count=2)
    part.write_text(said("four"))
    server.wait_for(RELOADED, count=2)
    assert httpx.get(server.url).text == "four"

    (server.folder / "parts" / "more.caddyfile").write_text(said("again"))
    error = server.wait_for("unable to load latest config", count=3)["error"]
    assert "redeclaration of previously declared snippet said" in error
    (server.folder / "parts" / "more.caddyfile").unlink()
    server.wait_for("config is unchanged", count=2)
    messages = [record["msg"] for record in server.records]
    assert messages.count(RELOADED) == 2
    assert messages.count("unable to load latest config") == 3
    assert httpx.get(server.url).text == "four"


def test_a_link_that_leads_elsewhere_is_a_save(tmp_path: Path) -> None:
    """So Kubernetes changes what is in a mounted folder."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "said.caddyfile").write_text(said(name))
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "said.caddyfile").symlink_to("../data/said.caddyfile")
    with running(SITE, tmp_path, "--watch") as server:
        server.wait_for("watching config file for changes")
        assert httpx.get(server.url).text == "one"
        (tmp_path / "new").symlink_to("two")
        (tmp_path / "new").rename(tmp_path / "data")
        server.wait_for(RELOADED)
        assert httpx.get(server.url).text == "two"


def test_stdin_cannot_be_watched(tmp_path: Path) -> None:
    """It is read but once."""
    done = run("run", "--watch", "--config", "-", folder=tmp_path)
    assert done.returncode == 1
    assert "--watch needs a configuration that is in a file" in done.stderr
