"""An app in a sandbox does not reach the admin API."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.isolation.confining import ROOT, UID, folder_of, needs_sandbox
from tests.server import run, running

APP = """\
import os, socket
def app(environ, start_response):
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(os.environ["SOCKET"])
            text = "connected"
        except OSError as error:
            text = type(error).__name__
    start_response("200 OK", [])
    return [text.encode()]
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder of an app, which its user can enter."""
    with folder_of() as path:
        yield path


@needs_sandbox
def test_it_is_a_file_of_snakes_own_user(folder: Path, tmp_path: Path) -> None:
    """Where nothing says where it is; snake's commands open it, and the app cannot."""
    (folder / "main.py").write_text(APP)
    path = tmp_path / "xdg/snake/admin.sock"
    user = f"\t\t\tuser {UID}\n" if ROOT else ""
    site = (
        f"http://:PORT {{\n\tpython {{\n\t\tmodule_wsgi main:app\n\t\tworking_dir {folder}\n"
        f"\t\tenv_var SOCKET {path}\n\t\tisolation process {{\n{user}\t\t}}\n\t}}\n}}\n"
    )
    with running(site, tmp_path, env={"CADDY_ADMIN": ""}) as server:
        started = server.wait_for("admin endpoint started")
        mode = stat.S_IMODE(path.stat().st_mode)
        text = httpx.get(server.url).text
        stopped = run("stop", "--address", f"unix/{path}", folder=tmp_path)
        code = server.wait()

    assert started["address"] == f"unix/{path}|0600"
    assert mode == 0o600
    assert text in {"FileNotFoundError", "PermissionError"}
    assert (stopped.returncode, code) == (0, 0), stopped.stderr
