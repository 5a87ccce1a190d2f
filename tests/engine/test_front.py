"""Where a document is served, as a person would open it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from snake.config.http import HTTPApp
from snake.engine.front import urls

POLICIES: list[dict[str, Any]] = [{}]


def opened(bound: dict[str, str], *servers: dict[str, Any], **app: Any) -> list[str]:
    """Return the URLs of servers."""
    fields = {f"srv{index}": server for index, server in enumerate(servers)}
    return urls(msgspec.json.decode(json.dumps({"servers": fields, **app}), type=HTTPApp), bound)


@pytest.mark.parametrize(
    ("listen", "bound", "expected"),
    [
        (":80", "[::]:80", "http://localhost (all addresses)"),
        ("127.0.0.1:0", "127.0.0.1:41234", "http://127.0.0.1:41234"),
        ("[::1]:8080", "[::1]:8080", "http://[::1]:8080"),
        ("unix//run/a", "unix//run/a", "unix//run/a"),
    ],
)
def test_plain_addresses(listen: str, bound: str, expected: str) -> None:
    """An address without TLS is one for http, with its port unless that is usual."""
    assert opened({listen: bound}, {"listen": [listen]}) == [expected]


def test_sites_are_named() -> None:
    """A server with TLS is told by the names of its sites that can be opened."""
    server = {
        "listen": [":443"],
        "tls_connection_policies": POLICIES,
        "routes": [{"match": [{"host": ["a.com", "*.a.com"]}]}, {"match": [{"host": ["b.com"]}]}],
    }
    assert opened({":443": "[::]:443"}, server) == ["https://a.com", "https://b.com"]
    other = {**server, "listen": [":8443"]}
    assert opened({":8443": "[::]:8443"}, other)[0] == "https://a.com:8443"


def test_http_port_is_plain() -> None:
    """The port for HTTP has no TLS, whatever policies its server has."""
    server = {"listen": [":8080"], "tls_connection_policies": POLICIES}
    assert opened({":8080": "[::]:8080"}, server, http_port=8080) == [
        "http://localhost:8080 (all addresses)"
    ]
