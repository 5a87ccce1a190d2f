"""Subrequest: a GET of a template to its own server, without a socket."""

from __future__ import annotations

import asyncio

from jinja2 import TemplateRuntimeError

from snake.http.handler import ASGIApp, Message
from snake.http.request import Request
from snake.templates.limits import check_size
from snake.transport.asgi import AbortError, ResponseStartedError, decode_path

DEEPEST = 3
"""Subrequests that may be made in one another, as in Caddy."""
_CLIENT = ("127.0.0.1", 10_000)
"""Who asks; Caddy's. Whoever the client is, it may not be whom a site trusts."""
_DEPTH = "snake.subrequests"
_NOT_PASSED_ON = frozenset(
    {
        *(b"accept-encoding", b"connection", b"content-length", b"content-type", b"expect"),
        *(b"if-match", b"if-modified-since", b"if-none-match", b"if-range"),
        *(b"if-unmodified-since", b"range", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    }
)
"""Fields of the request that are about its own body, connection or answer."""


async def include(app: ASGIApp, request: Request, uri: str) -> str:
    """Return the body of what the server answers. Raises `TemplateRuntimeError`."""
    path, _, query = str(uri).partition("#")[0].partition("?")
    if not path.startswith("/"):
        raise TemplateRuntimeError(f"httpInclude {uri}: a URI begins with /")
    depth = request.scope.get(_DEPTH, 0)
    if depth >= DEEPEST:
        raise TemplateRuntimeError(f"httpInclude {uri}: virtual request cycle")
    raw_path = path.encode("utf-8", "surrogateescape")
    scope = {
        **request.scope,
        "type": "http",
        "method": "GET",
        "path": decode_path(raw_path),
        "raw_path": raw_path,
        "query_string": query.encode("utf-8", "surrogateescape"),
        "headers": [
            *(field for field in request.headers if field[0] not in _NOT_PASSED_ON),
            (b"accept-encoding", b"identity"),
        ],
        "client": _CLIENT,
        "extensions": {},
        _DEPTH: depth + 1,
    }
    answer = _Answer()
    try:
        await app(scope, answer.receive, answer.send)
    except (AbortError, ResponseStartedError) as error:
        raise TemplateRuntimeError(f"httpInclude {uri}: the response was cut off") from error
    finally:
        answer.over.set()
    if answer.status >= 400:  # noqa: PLR2004
        raise TemplateRuntimeError(f"httpInclude {uri}: http {answer.status}")
    return b"".join(answer.body).decode("utf-8", "surrogateescape")


class _Answer:
    """The response to one subrequest, and the request's body, which is empty."""

    def __init__(self) -> None:
        self.status = 0
        self.body: list[bytes] = []
        self.over = asyncio.Event()
        self._asked = False
        self._size = 0

    async def receive(self) -> Message:
        """Give the empty body, and once the response is there the end."""
        if self._asked:
            await self.over.wait()
            return {"type": "http.disconnect"}
        self._asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        """Take one message of the response. Raises `LimitError` when it becomes too large."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.body.clear()
        elif message["type"] == "http.response.body":
            body = bytes(message.get("body", b""))
            self._size += len(body)
            check_size(self._size)
            self.body.append(body)
