"""WSGI: hands the request to the app's threads."""

from __future__ import annotations

from snake.app.environ import URI
from snake.app.failure import FailedError
from snake.http.handler import ASGIApp, Next, Send
from snake.http.request import Request
from snake.metrics.apps import APP_WAIT
from snake.metrics.shared import Numbers
from snake.python.asgi import with_prefix
from snake.python.failing import fail
from snake.transport.asgi import WAITED


class WSGIHandler:
    """The handler of one WSGI app; `run` is its `WSGIRunner`, and `numbers` count how it waits."""

    def __init__(self, name: str, run: ASGIApp, numbers: Numbers | None = None) -> None:
        self._name = name
        self._run = run
        self._numbers = numbers or [0.0] * APP_WAIT.end

    async def __call__(self, request: Request, send: Send, next: Next) -> None:
        """Answer one request. Raises `HandlerError` when the app fails."""
        del next
        scope = request.scope
        if request.prefix:
            scope = with_prefix(scope, request.prefix)
        if request.original is not None:
            scope = {**scope, URI: original_uri(request)}
        try:
            await self._run(scope, request.receive, send)
        except FailedError as failed:
            fail(self._name, request, failed.error, started=failed.started)
        finally:
            if WAITED in scope:
                APP_WAIT.observe(self._numbers, scope[WAITED])


def original_uri(request: Request) -> bytes:
    """Return path and query before they were rewritten."""
    original = request.keep_original()
    return original.raw_path + b"?" + original.query if original.query else original.raw_path
