"""Asking: a snake with an admin API, and who asks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.server import Server, free_port, running

SITE = "http://127.0.0.1:PORT {\n\trespond hi\n}\n"
LISTEN = "/config/apps/http/servers/srv0/listen"
ROUTES = "/config/apps/http/servers/srv0/routes"


class Asked:
    """A server, and a client of its admin API."""

    def __init__(self, server: Server, admin: int) -> None:
        self.server = server
        self.admin = admin
        self.client = httpx.Client(base_url=f"http://localhost:{admin}", timeout=20)

    def get(self, path: str) -> Any:
        """Return the JSON at a path."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(
        self, method: str, path: str, json: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send JSON, or nothing."""
        return self.client.request(method, path, json=json, headers=headers)

    def load(self, config: object) -> httpx.Response:
        """Load a configuration."""
        return self.send("POST", "/load", config)

    def site(self) -> str:
        """Return what the site answers, on a new connection."""
        return httpx.get(self.server.url).text


@contextmanager
def asked(folder: Path, config: str = SITE, **options: Any) -> Iterator[Asked]:
    """Run snake with an admin API on a port of its own."""
    port = free_port()
    env = {"CADDY_ADMIN": f"localhost:{port}", **options.pop("env", {})}
    with running(config, folder, *options.pop("arguments", ()), env=env, **options) as server:
        server.wait_for("admin endpoint started")
        found = Asked(server, port)
        with found.client:
            yield found


def refuses(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    try:
        httpx.get(f"http://localhost:{port}/config/")
    except httpx.ConnectError:
        return True
    return False
