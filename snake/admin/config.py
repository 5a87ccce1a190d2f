"""`/config/…` and `/id/…`: the configuration as a tree, read and changed part by part.

Source: https://caddyserver.com/docs/api.
"""

from __future__ import annotations

import posixpath
from http import HTTPStatus

from snake.admin import ids, tree
from snake.admin.answer import JSON, Answer, APIError
from snake.admin.endpoint import Endpoint, RerouteError
from snake.admin.etag import check_match, etag
from snake.admin.gojson import decode, encode
from snake.admin.malformed import JSONError
from snake.admin.request import Request
from snake.admin.running import Edit, Origin, Running
from snake.core.errors import SnakeError

CLOSE = (("Connection", "close"),)
"""After a reload, as in Caddy: the next request comes to who listens then."""


class Tree:
    """The configuration that runs, for clients that ask for its parts."""

    def __init__(self, running: Running) -> None:
        self._running = running

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where it is asked for."""
        return Endpoint("/config/", self.config), Endpoint("/id/", self.by_id)

    async def config(self, request: Request) -> Answer:
        """Answer with what is at a path, or change it."""
        if request.method == "GET":
            return self._read(request.path)
        if request.method not in ("POST", "PUT", "PATCH", "DELETE"):
            message = f"method {request.method} not allowed"
            raise APIError(HTTPStatus.METHOD_NOT_ALLOWED, message)
        body = b"" if request.method == "DELETE" else await _json_body(request)
        edit = _edit(request.method, request.path, body, request.header("if-match"))
        return await self._change(request, edit)

    async def by_id(self, request: Request) -> Answer:
        """Do the same to the object that has an ID. Raises `RerouteError`."""
        name, *rest = request.path.removeprefix("/id/").split("/")
        if not name:
            raise APIError(HTTPStatus.BAD_REQUEST, "request path is missing object ID")
        found = ids.index(decode(self._running.json)).get(name)
        if found is None:
            raise APIError(HTTPStatus.NOT_FOUND, f"unknown object ID '{name}'")
        raise RerouteError(posixpath.normpath("/".join((found, *rest))))

    def _read(self, path: str) -> Answer:
        try:
            body = encode(tree.read(decode(self._running.json), path)) + b"\n"
        except APIError as error:
            raise APIError(HTTPStatus.BAD_REQUEST, error.message) from None
        return Answer(200, (*JSON, ("Etag", etag(path, body))), body)

    async def _change(self, request: Request, edit: Edit) -> Answer:
        try:
            changed = await self._running.change(
                edit, force=is_forced(request), origin=origin(request)
            )
        except SnakeError as error:
            message = f"loading new config: {error}"
            raise APIError(HTTPStatus.INTERNAL_SERVER_ERROR, message) from None
        return Answer(headers=CLOSE if changed else ())


def is_forced(request: Request) -> bool:
    """Whether a client wants a reload even if nothing has changed."""
    return request.header("cache-control") == "must-revalidate"


def origin(request: Request) -> Origin:
    """Return the file that a client says a configuration is from."""
    return Origin(
        request.header("caddy-config-source-file"), request.header("caddy-config-source-adapter")
    )


def replacing(body: bytes) -> Edit:
    """Return the edit that puts a body in the place of everything. Raises `APIError` there."""
    return _edit("POST", f"/{tree.ROOT}", body, "")


async def _json_body(request: Request) -> bytes:
    kind = request.header("content-type")
    if "/json" not in kind:
        message = f"unacceptable content-type: {kind}; 'application/json' required"
        raise APIError(HTTPStatus.BAD_REQUEST, message)
    return await request.body()


def _edit(method: str, path: str, body: bytes, if_match: str) -> Edit:
    """Return what a request makes of the JSON that runs."""

    def edit(running: bytes) -> bytes:
        config = decode(running)
        if if_match:
            check_match(config, if_match)
        config = tree.changed(config, method, path, _value(body))
        data = encode(config)
        if ids.MARK in data:
            ids.index(config)
        return data

    return edit


def _value(body: bytes) -> object:
    try:
        return decode(body) if body else None
    except JSONError as error:
        message = f"decoding request body: {error}"
        raise APIError(HTTPStatus.INTERNAL_SERVER_ERROR, message) from None
