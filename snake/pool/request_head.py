"""The head of a request on its way from the worker to the app: an ASGI scope, written and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from snake.app.environ import URI
from snake.pool.frames import join, split
from snake.transport.asgi import HALF_CLOSE, Scope

Encode = Callable[[list[object]], bytes]

_decode = json.JSONDecoder().decode
"""As `json.loads`, but it does not look for the encoding."""

NO_BODY, WHOLE_BODY, ASKED_BODY = range(3)
"""Whether a body follows: none, at once, or when the app asks for it."""

_VERSION = "2.5"
"""Of ASGI's HTTP and WebSocket scopes, where the worker does not tell."""
_NOTHING: dict[str, Any] = {}
_EXTENSIONS = {
    "http": ("http.response.pathsend", "http.response.trailers", "http.response.early_hint"),
    "websocket": ("websocket.http.response",),
}
_TLS = "tls"
"""https://asgi.readthedocs.io/en/latest/specs/tls.html"""
_ENCRYPTION = (
    *("client_cert_chain", "client_cert_name", "client_cert_error", "tls_version", "cipher_suite"),
)
_NO_OWN = {"server_cert": None}
"""Of the server's certificate nothing is told: it is too long to go with each request."""


def write(scope: Scope, body: int, encode: Encode) -> bytes:
    """Return what a frame carries. `encode` makes JSON, without line breaks.

    Raises `ValueError` for a header that cannot travel.
    """
    uri: bytes | None = scope.get(URI)
    head = encode(
        [
            [
                scope["type"],
                scope.get("method", ""),
                scope.get("http_version", "1.1"),
                scope.get("scheme", "http"),
                _latin1(scope["path"]),
                scope["raw_path"].decode("latin-1"),
                scope["query_string"].decode("latin-1"),
                _latin1(scope.get("root_path", "")),
            ],
            scope.get("client"),
            scope.get("server"),
            None if uri is None else uri.decode("latin-1"),
            scope.get("subprotocols"),
            body,
            scope.get("asgi", _NOTHING).get("spec_version", _VERSION),
            HALF_CLOSE in scope.get("extensions", _NOTHING),
            _encryption(scope.get("extensions", _NOTHING).get(_TLS)),
        ]
    )
    return head + b"\n" + join(scope["headers"])


def read(data: bytes) -> tuple[Scope, int]:
    """Return the scope, and whether a body follows."""
    head, _, fields = data.partition(b"\n")
    line, client, server, uri, subprotocols, body, version_of_spec, *more = _decode(head.decode())
    half_close, encryption = more
    kind, method, version, scheme, path, raw_path, query, root_path = line
    scope: dict[str, Any] = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": version_of_spec},
        "http_version": version,
        "scheme": scheme,
        "path": _text(path),
        "raw_path": raw_path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": _text(root_path),
        "headers": split(fields),
        "client": client and tuple(client),
        "server": server and tuple(server),
        "extensions": {name: {} for name in _EXTENSIONS[kind]},
    }
    if half_close:
        scope["extensions"][HALF_CLOSE] = {}
    if encryption is not None:
        scope["extensions"][_TLS] = dict(zip(_ENCRYPTION, encryption, strict=True)) | _NO_OWN
    if kind == "websocket":
        scope["subprotocols"] = subprotocols
    else:
        scope["method"] = method
    if uri is not None:
        scope[URI] = uri.encode("latin-1")
    return scope, body


def _encryption(extension: dict[str, Any] | None) -> list[object] | None:
    return None if extension is None else [extension[name] for name in _ENCRYPTION]


def _latin1(text: str) -> str:
    """Return a decoded path as the characters of its bytes: JSON has no lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def _text(latin1: str) -> str:
    if latin1.isascii():
        return latin1
    return latin1.encode("latin-1").decode("utf-8", "surrogateescape")
