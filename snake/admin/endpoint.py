"""Endpoints: which handler has which path, by the rules of Go's `http.ServeMux`."""

from __future__ import annotations

import html
import posixpath
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import quote, unquote

from snake.admin.answer import TEXT, Answer
from snake.admin.request import Request
from snake.core.record import Record

Handle = Callable[[Request], Awaitable[Answer]]
"""Answers a request. Raises `APIError`, and `RerouteError` if it is for another path."""


class RerouteError(Exception):
    """A request that is for another path; who may ask there is checked again."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Endpoint(Record):
    """A path, and who answers there."""

    pattern: str
    """`/load` is that path alone; `/config/` is all that begins like this."""
    handle: Handle


NOT_FOUND = Answer(404, TEXT, b"404 page not found\n")


class Endpoints:
    """All endpoints of an API."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._by_pattern = {endpoint.pattern: endpoint for endpoint in endpoints}
        folders = [name for name in self._by_pattern if name.endswith("/")]
        self._below = [(name, self._by_pattern[name]) for name in sorted(folders, reverse=True)]
        """Those of all paths that begin like theirs, the longer ones first."""

    def find(self, request: Request) -> Endpoint | Answer:
        """Return the endpoint for a request; else where to ask instead, or that there is none."""
        path = request.raw_path
        if request.method != "CONNECT":
            path = _clean(path)
            if path != request.raw_path:
                return _redirect(request, path)
        decoded = _decoded(path)
        if endpoint := self._by_pattern.get(decoded):
            return endpoint
        for pattern, endpoint in self._below:
            if decoded.startswith(pattern):
                return endpoint
        if f"{decoded}/" in self._by_pattern:
            return _redirect(request, f"{path}/")
        return NOT_FOUND


def _clean(path: str) -> str:
    """Return a path without `.`, `..` and double slashes."""
    clean = posixpath.normpath(f"/{path.lstrip('/')}")
    return f"{clean}/" if clean != "/" and path.endswith(("/", "/.", "/..")) else clean


def _decoded(path: str) -> str:
    """Decode the segments of a path, but for slashes in them."""
    if "%" not in path:
        return path
    segments = (unquote(segment) for segment in path.split("/"))
    return "/".join(quote(segment, safe="") if "/" in segment else segment for segment in segments)


def _redirect(request: Request, path: str) -> Answer:
    where = f"{path}?{request.query}" if request.query else path
    headers = (("Location", where),)
    if request.method not in ("GET", "HEAD"):
        return Answer(307, headers)
    body = f'<a href="{html.escape(where)}">Temporary Redirect</a>.\n\n'
    return Answer(307, (("Content-Type", "text/html; charset=utf-8"), *headers), body.encode())
