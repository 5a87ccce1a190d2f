"""Configurations that say where the next one is: `admin.config.load`, in real processes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.server import free_ports, running, start

pytestmark = pytest.mark.slow


class Shelf:
    """A server of configurations."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[str, bytes]] = {}
        self.asked: list[str] = []
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shelf.asked.append(f"{self.path} {self.headers.get('X-Key', '')}".strip())
                kind, body = shelf.documents.get(self.path, ("", b""))
                self.send_response(302 if kind == "moved" else 200 if kind else 404)
                field = ("Location", body.decode()) if kind == "moved" else ("Content-Type", kind)
                self.send_header(*field)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                del args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def put(self, path: str, document: object) -> None:
        """Have a document there."""
        self.documents[path] = "application/json", json.dumps(document).encode()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """Return a server of configurations."""
    made = Shelf()
    yield made
    made.close()


def document(port: int, text: str, **config: Any) -> dict[str, Any]:
    """Return a configuration whose site answers with a text."""
    handler = {"handler": "static_response", "body": text}
    server = {"listen": [f"127.0.0.1:{port}"], "routes": [{"handle": [handler]}]}
    admin = {"disabled": True} | ({"config": config} if config else {})
    return {"admin": admin, "apps": {"http": {"servers": {"s": server}}}}


def answers(port: int, text: str) -> bool:
    """Whether the site answers so, soon."""
    end = time.monotonic() + 15
    while httpx.get(f"http://127.0.0.1:{port}").text != text:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_one_after_the_other(tmp_path: Path, shelf: Shelf) -> None:
    """Without a delay the next one runs at once, be it a Caddyfile, and redirects are followed.

    With a delay it is looked for until it is another one: what is the same, cannot be had or
    cannot run is looked for again.
    """
    (port,) = free_ports(1)

    def load(path: str, **more: Any) -> dict[str, Any]:
        return {"module": "http", "url": f"{shelf.url}{path}", **more}

    first = document(port, "A", load=load("/b", header={"X-Key": ["{env.KEY}"]}))
    shelf.put("/b2", document(port, "B", load=load("/c"), load_delay="300ms"))
    shelf.documents["/b"] = "moved", b"/b2"
    text = f"{{\n admin off\n}}\nhttp://127.0.0.1:{port} {{\n respond C\n}}\n"
    config, env = json.dumps(first), {"KEY": "k"}
    with running(config, tmp_path, name="a.json", env=env) as server:
        assert answers(port, "B")
        assert shelf.asked[:2] == ["/b k", "/b2 k"]
        server.wait_for("failed loading dynamic config; will retry")
        shelf.put("/c", json.loads(shelf.documents["/b2"][1]))
        server.wait_for("dynamically-loaded config is not another one; will retry")
        shelf.put("/c", {"apps": {"nope": {}}})
        error = server.wait_for("failed to run dynamically-loaded config")
        assert 'apps: unknown field "nope"' in error["error"]
        assert (error["module"], error["load_delay"]) == ("http", "300ms")
        shelf.documents["/c"] = "text/caddyfile", text.encode()
        assert answers(port, "C")
        count = len(shelf.asked)
        time.sleep(0.5)
        assert len(shelf.asked) == count
        assert server.stop() == 0


def test_what_cannot_be_had_fails_the_start(tmp_path: Path, shelf: Shelf) -> None:
    """So it does with Caddy; nothing is served without what was to be loaded."""
    (port,) = free_ports(1)
    load = {"module": "http", "url": f"{shelf.url}/none"}
    server = start(json.dumps(document(port, "A", load=load)), tmp_path, name="a.json")
    assert server.wait() == 1
    assert "admin/config/load: cannot load the configuration: server responded with HTTP 404" in (
        server.log
    )


def test_they_do_not_load_each_other_for_ever(tmp_path: Path, shelf: Shelf) -> None:
    """Two that load each other at once, over and over, are stopped."""
    (port,) = free_ports(1)
    one, other = (
        document(port, name, load={"module": "http", "url": f"{shelf.url}/{next}"})
        for name, next in (("one", "other"), ("other", "one"))
    )
    shelf.put("/one", one)
    shelf.put("/other", other)
    with running(json.dumps(one), tmp_path, name="a.json") as server:
        error = server.wait_for("failed to run dynamically-loaded config")["error"]
        assert "10 configurations in a row load another one; give a load_delay" in error
        assert httpx.get(f"http://127.0.0.1:{port}").status_code == 200


@pytest.mark.parametrize(
    ("load", "told"),
    [
        ({"module": "http"}, "admin/config/load/url: a configuration is loaded from a URL"),
        (
            {"module": "http", "url": "http://a", "tls": {"root_ca_pem_files": ["none.pem"]}},
            "root_ca_pem_files/0: cannot read none.pem: No such file or directory",
        ),
        (
            {"module": "http", "url": "http://a", "tls": {"use_server_identity": True}},
            "tls/use_server_identity: not available",
        ),
        ({"module": "htp", "url": "http://a"}, 'did you mean "http"?'),
    ],
    ids=["url", "file", "identity", "module"],
)
def test_a_loader_that_is_none(tmp_path: Path, load: dict[str, Any], told: str) -> None:
    """A wrong one is told with its place."""
    server = start(json.dumps(document(1, "A", load=load)), tmp_path, name="a.json")
    assert server.wait() == 1
    assert told in server.log
