"""The scope of a request over HTTP/1.1 (ASGI's `http` scope)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snake.tls.secured import EXTENSION, SECURED, Secured
from snake.transport.asgi import CLIENT, HALF_CLOSE, TARGET, Client, Scope
from snake.transport.head import HeadReader

if TYPE_CHECKING:
    from snake.transport.http1 import Connection

_VERSIONS = {"version": "3.0", "spec_version": "2.5"}
"""Of ASGI, as every scope has them."""
_NOTHING: dict[str, Any] = {}


def http_scope(heads: HeadReader, connection: Connection, client: Client) -> Scope:
    """Return the scope of the request whose head was read last."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": _VERSIONS,
        "http_version": "1.1" if heads.http11 else "1.0",
        "method": heads.method.decode(),
        "scheme": "http",
        "path": heads.path,
        "raw_path": heads.raw_path,
        "query_string": heads.query,
        "root_path": "",
        "headers": heads.headers,
        "client": connection.client,
        "server": connection.server,
        "extensions": {
            "http.response.pathsend": _NOTHING,
            "http.response.trailers": _NOTHING,
            "http.response.early_hint": _NOTHING,
            HALF_CLOSE: _NOTHING,
            CLIENT: client,
        },
    }
    if heads.odd_target:
        scope[TARGET] = heads.odd_target
    if connection.secured is not None:
        secure(scope, connection.secured, connection.tls_extension)
    return scope


def secure(scope: Scope, secured: Secured, extension: dict[str, Any]) -> None:
    """Say in a scope that its connection has TLS; `extension` is `asgi_extension(secured)`."""
    scope["scheme"] = "https" if scope["type"] == "http" else "wss"
    scope[SECURED] = secured
    scope["extensions"][EXTENSION] = extension
