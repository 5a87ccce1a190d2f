"""Pages: the handler of `templates`, which runs the responses that are templates.

Source: Caddy's `Templates.ServeHTTP`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from snake.http.errors import HandlerError
from snake.http.handler import Message, Next, Send
from snake.http.own_server import OwnServer
from snake.http.recorder import Recorder
from snake.http.request import Request
from snake.http.response import Header
from snake.templates.engine import Engine
from snake.templates.folder import Folder
from snake.templates.limits import LARGEST
from snake.templates.rendering import Rendering
from snake.templates.views import ResponseHeader

_OF_THE_SOURCE = frozenset({b"accept-ranges", b"content-length", b"etag", b"last-modified"})
"""Fields that describe the template, and not what comes of it."""
_OF_THE_RESPONSE = _OF_THE_SOURCE | {b"content-encoding", b"content-range", b"content-type"}
"""Fields that no error has in common with the response in whose place it is."""
_NO_BODY = frozenset({204, 304})
_MARKUP = (b"html", b"xml", b"markdown", b"svg")
"""What types have in them in which values must be escaped."""


class Pages:
    """Runs responses of some types as templates."""

    def __init__(
        self,
        engine: Engine,
        root: Callable[[Request], str],
        types: Sequence[str],
        server: OwnServer,
    ) -> None:
        self._engine = engine
        self._root = root
        self._types = [each.encode() for each in types]
        self._server = server

    async def __call__(self, request: Request, send: Send, next: Next) -> None:
        """Let `next` answer, and run the answer if it is a template."""
        recorder = Recorder(request, send, self._is_template)
        await next(request, _bounded(recorder))
        if not recorder.held:
            return
        try:
            body = await self._run(request, recorder)
        except HandlerError:
            _drop(recorder, _OF_THE_RESPONSE)
            raise
        _drop(recorder, _OF_THE_SOURCE)
        if recorder.status not in _NO_BODY:
            recorder.headers.append((b"content-length", b"%d" % len(body)))
        await recorder.send(body=body)

    def _is_template(self, status: int, headers: list[Header]) -> bool:
        del status
        given = _first(headers, b"content-type")
        return any(each in given for each in self._types)

    async def _run(self, request: Request, recorder: Recorder) -> bytes:
        body = await recorder.body()
        if _first(recorder.headers, b"content-encoding") not in (b"", b"identity"):
            return body
        source = body.decode("utf-8", "surrogateescape")
        if not self._engine.is_template(source):
            return body
        given = _first(recorder.headers, b"content-type")
        rendering = Rendering(
            self._engine,
            request,
            Folder(self._root(request)),
            ResponseHeader(recorder),
            self._server.app,
            escapes=any(each in given for each in _MARKUP),
        )
        page = await rendering.page(source, request.path)
        return page.encode("utf-8", "surrogateescape")


def _bounded(recorder: Recorder) -> Send:
    """Return the recorder as a `send` that refuses more than a template may be."""
    size = 0

    def send(message: Message) -> Awaitable[None]:
        nonlocal size
        taken = recorder(message)
        if recorder.held:
            size += len(message.get("body", b""))
            declared = _first(recorder.headers, b"content-length")
            if size > LARGEST or (declared.isdigit() and int(declared) > LARGEST):
                raise HandlerError(500, f"a template is larger than {LARGEST} bytes")
        return taken

    return send


def _first(headers: Sequence[Header], name: bytes) -> bytes:
    return next((value for field, value in headers if field == name), b"")


def _drop(recorder: Recorder, names: frozenset[bytes]) -> None:
    recorder.headers = [field for field in recorder.headers if field[0] not in names]
