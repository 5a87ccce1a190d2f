"""Environ: a request as PEP 3333 describes it to an app.

a2wsgi's builder does the same in twice the time, joins cookies with commas,
and takes SCRIPT_NAME from the server's own environment, so this one is ours.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

from snake.core.hostport import split_port
from snake.transport.asgi import Scope

Environ = dict[str, Any]

URI = "snake.uri"
"""The key in a scope of the target before it was rewritten, if it was."""

PROTOCOLS = {"1.1": "HTTP/1.1", "1.0": "HTTP/1.0", "2": "HTTP/2.0", "3": "HTTP/3.0"}
SCHEMES = {"ws": "http", "wss": "https"}
DEFAULT_PORTS = {"http": "80", "https": "443"}


def base_environ(*, multiprocess: bool) -> Environ:
    """Return the entries that are the same for every request of an app."""
    return {
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": False,
        # Bodies end where the request does, also chunked ones without a length.
        "wsgi.input_terminated": True,
        "SERVER_SOFTWARE": "snake",
        "SCRIPT_NAME": "",
    }


def build_environ(base: Environ, scope: Scope) -> Environ:
    """Return the environ of an HTTP scope, all but `wsgi.input`."""
    environ = base.copy()
    host: bytes | None = None
    for name, value in scope["headers"]:
        key = environ_key(name)
        text = value.decode("latin-1")
        if key in environ:
            # RFC 9110 §5.2 and, for cookies, RFC 9113 §8.2.3.
            environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + text
        else:
            environ[key] = text
            if key == "HTTP_HOST":
                host = value
    # httpoxy: libraries take HTTP_PROXY for the operator's setting.
    environ.pop("HTTP_PROXY", None)
    scheme = scope["scheme"]
    scheme = SCHEMES.get(scheme, scheme)
    path = scope["path"]
    if prefix := scope.get("root_path"):
        environ["SCRIPT_NAME"] = as_latin1(prefix)
        path = path.removeprefix(prefix)
    environ["REQUEST_METHOD"] = scope["method"]
    environ["PATH_INFO"] = path if path.isascii() else as_latin1(path)
    environ["QUERY_STRING"] = scope["query_string"].decode("latin-1")
    environ["REQUEST_URI"] = environ["RAW_URI"] = request_uri(scope)
    environ["SERVER_PROTOCOL"] = PROTOCOLS.get(scope["http_version"], "HTTP/1.1")
    environ["wsgi.url_scheme"] = scheme
    if scheme == "https":
        environ["HTTPS"] = "on"  # as CGI has it, and libraries that come from there
    environ["SERVER_NAME"], environ["SERVER_PORT"] = server_of(host, scheme, scope.get("server"))
    if client := scope.get("client"):
        environ["REMOTE_ADDR"] = client[0]
        environ["REMOTE_PORT"] = str(client[1])
    return environ


@lru_cache(maxsize=512)
def environ_key(name: bytes) -> str:
    """Return the environ key of a (lower-case) header name."""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if name in (b"content-type", b"content-length") else f"HTTP_{key}"


@lru_cache(maxsize=512)
def server_of(
    host: bytes | None, scheme: str, server: tuple[str, int | None] | None
) -> tuple[str, str]:
    """Return SERVER_NAME and SERVER_PORT: as the client asked, else where it connected."""
    name, port = split_port(host.decode("latin-1")) if host else ("", "")
    if name:
        return name, port or DEFAULT_PORTS[scheme]
    name, number = server or ("localhost", None)
    return name, str(number or DEFAULT_PORTS[scheme])


def as_latin1(text: str) -> str:
    """Return the bytes of a decoded path as PEP 3333 wants them: one character each."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def request_uri(scope: Scope) -> str:
    """Return the target as the client sent it, before any rewrite."""
    sent: bytes | None = scope.get(URI)
    if sent is not None:
        return sent.decode("latin-1")
    uri: str = scope["raw_path"].decode("latin-1")
    query = scope["query_string"]
    return f"{uri}?{query.decode('latin-1')}" if query else uri
