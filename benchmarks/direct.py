"""Call an app with no server at all, to know what of a request's time is its own."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import import_module
from typing import Any

import drive

SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.5"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/hello",
    "raw_path": b"/hello",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"127.0.0.1")],
    "client": ("127.0.0.1", 50000),
    "server": ("127.0.0.1", 80),
    "extensions": {},
}
ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/hello",
    "QUERY_STRING": "",
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "127.0.0.1",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.input": io.BytesIO(),
    "wsgi.errors": io.StringIO(),
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


def load(name: str) -> Callable[..., Any]:
    """Return the app of `module:variable` in `apps/`."""
    module, _, variable = name.partition(":")
    app: Callable[..., Any] = getattr(import_module(f"apps.{module}"), variable)
    return app


constant = load("raw_asgi:app")
"""The cheapest ASGI app."""


async def asgi(app: Callable[..., Any], requests: int) -> float:
    """Return the CPU seconds that an ASGI app takes for one request."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        del message

    async def call() -> None:
        await app(SCOPE.copy(), receive, send)

    return await drive.repeat(call, requests)


async def wsgi(app: Callable[..., Any], requests: int) -> float:
    """Return the CPU seconds that a WSGI app takes for one request."""

    async def call() -> None:
        chunks = app(ENVIRON.copy(), lambda *_: None)
        b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()

    return await drive.repeat(call, requests)
