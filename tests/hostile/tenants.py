"""Two tenants of one server: one has a secret, the other runs whatever a request says."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.isolation.confining import SYSTEM_PYTHON, UID
from tests.server import Server, running

GOOD, EVIL = UID + 10, UID + 11
SECRET = "the secret of a tenant"
SERVER_SECRET = "the secret of the server"

_GOOD = """\
import os, tempfile
kept = tempfile.NamedTemporaryFile()
kept.write(os.environ["SECRET"].encode()); kept.flush()
open("secret.txt", "w").write(os.environ["SECRET"])
def app(environ, start_response):
    from snake import cache
    cache.set("secret", os.environ["SECRET"])
    start_response("200 OK", [("content-type", "text/plain")])
    return [kept.name.encode()]
"""
_EVIL = """\
import json
def app(environ, start_response):
    scope = {}
    try:
        exec(environ["wsgi.input"].read().decode(), scope)
        result = scope.get("result")
    except BaseException as error:
        result = f"{type(error).__name__}: {error}"
    start_response("200 OK", [("content-type", "application/json")])
    return [json.dumps(result).encode()]
"""


class Tenants:
    """A server with both, and where they live."""

    def __init__(self, server: Server, good: Path, evil: Path, *, sandbox: bool) -> None:
        self.server = server
        self.sandbox = sandbox
        self.good = good
        self.evil = evil

    def run(self, code: str) -> Any:
        """Run code in the evil tenant; return what it leaves in `result`, or its error as text.

        If it has made an end of itself, there is a bare status: that is returned.
        """
        answer = httpx.post(f"{self.server.url}/evil", content=code.encode(), timeout=30)
        return answer.json() if answer.content else answer.status_code

    def unharmed(self) -> bool:
        """Whether the good tenant answers."""
        return httpx.get(f"{self.server.url}/good", timeout=30).status_code == 200

    def sockets(self) -> list[str]:
        """Return the sockets of all pools of this server."""
        folders = Path(tempfile.gettempdir()).glob(f"snake-*/run-{self.server.pid}-*")
        return [str(path) for folder in folders for path in folder.glob("*/*.sock")]


@contextmanager
def tenants(folder: Path, settings: str) -> Iterator[Tenants]:
    """Run both, with these lines in the `isolation process` of each."""
    base = Path(tempfile.mkdtemp(prefix="snake-tenants-"))
    base.chmod(0o755)
    blocks = []
    for name, user, code in (("good", GOOD, _GOOD), ("evil", EVIL, _EVIL)):
        home = base / name
        home.mkdir(mode=0o700)
        (home / "main.py").write_text(code)
        for path in (home, home / "main.py"):
            os.chown(path, user, user)
        blocks.append(_block(name, user, home, settings))
    try:
        config = f"http://:PORT {{\n{''.join(blocks)}}}\n"
        with running(config, folder, env={"SERVER_SECRET": SERVER_SECRET}) as server:
            sandbox = "bubblewrap on" in settings
            yield Tenants(server, base / "good", base / "evil", sandbox=sandbox)
    finally:
        shutil.rmtree(base)


def _block(name: str, user: int, home: Path, settings: str) -> str:
    return f"""
    python /{name} {{
        module_wsgi main:app
        working_dir {home}
        python_path {SYSTEM_PYTHON}
        workers 1
        env_var SECRET "{SECRET if name == "good" else "none"}"
        isolation process {{
            user {user}
            {settings}
        }}
    }}
"""
