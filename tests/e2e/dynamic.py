"""A server whose requests choose their app by the first label of their host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.server import Server, running

CLIENT = httpx.Client(timeout=20, limits=httpx.Limits(max_keepalive_connections=0), verify=False)
"""Connections are not kept, so that all workers have their share."""

APP = """\
import json, os, sys, time

open(f"started-{os.getpid()}", "w").close()

def app(environ, start_response):
    query = environ["QUERY_STRING"]
    if query == "die":
        os._exit(3)
    if query.startswith("wait"):
        open("waiting", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
    told = {
        "code": NAME,
        "pid": os.getpid(),
        "parent": os.getppid(),
        "cwd": os.getcwd(),
        "path": sys.path[0],
        "tenant": os.environ.get("TENANT"),
        "env": dict(os.environ),
        "host": environ["HTTP_HOST"],
        "multiprocess": environ["wsgi.multiprocess"],
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]
"""

SITE = """\
{
    admin off
    auto_https off
}
http://:PORT {
    python {
        module_wsgi main:app
        working_dir tenants/{http.request.host.labels.1}
        env_var TENANT {http.request.host}
        LINES
    }
    handle_errors {
        header X-Reason "{err.message}"
        respond "sorry {err.status_code}"
    }
}
"""


def add(folder: Path, *names: str, app: str = APP) -> None:
    """Make folders with apps for tenants."""
    for name in names:
        tenant = folder / "tenants" / name
        tenant.mkdir(parents=True)
        (tenant / "main.py").write_text(f"NAME = {name!r}\n{app}")


@contextmanager
def serving(
    folder: Path, *lines: str, env: Mapping[str, str] | None = None, site: str = SITE
) -> Iterator[Server]:
    """Run a server; `lines` go into its `python` block."""
    config = site.replace("LINES", "\n        ".join(lines))
    with running(config, folder, env=env or {}) as server:
        yield server


def ask(server: Server, name: str, query: str = "", **options: Any) -> httpx.Response:
    """Ask the app of one tenant."""
    host = options.pop("host", f"{name}.test")
    return CLIENT.get(f"{server.url}/?{query}", headers={"Host": host}, **options)


def told(server: Server, name: str) -> dict[str, Any]:
    """Return what the app of a tenant tells of itself."""
    answer = ask(server, name)
    assert answer.status_code == 200, answer.headers
    found: dict[str, Any] = answer.json()
    return found


def starts(folder: Path, name: str) -> int:
    """Return how many processes have imported the app of a tenant."""
    return len(list((folder / "tenants" / name).glob("started-*")))


def messages(server: Server, text: str) -> list[dict[str, Any]]:
    """Return the records with this message."""
    return [record for record in server.records if record["msg"] == text]


def processes(root: int) -> dict[int, str]:
    """Return all descendants of a process: their states."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.name)] = int(fields[1]), fields[0]
    found: dict[int, str] = {}
    level = {root}
    while level:
        level = {pid for pid, (parent, _) in parents.items() if parent in level}
        found |= {pid: parents[pid][1] for pid in level}
    return found
