"""ASGI: hands the request to the app in the same loop; nothing stands between."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from snake.http.errors import AbortError, HandlerError
from snake.http.handler import ASGIApp, Next, Scope, Send
from snake.http.request import Request
from snake.python.failing import fail
from snake.transport.asgi import APP

State = dict[str, Any]


class ASGIHandler:
    """The handler of one ASGI app. `state` is what its lifespan has left, if it ran."""

    def __init__(self, name: str, app: ASGIApp, state: State | None = None) -> None:
        self._name = name
        self._app = app
        self._state = state

    async def __call__(self, request: Request, send: Send, next: Next) -> None:
        """Run the app. Raises `HandlerError` when it fails."""
        del next
        scope = request.scope
        scope[APP] = self._name
        if request.prefix:
            scope = with_prefix(scope, request.prefix)
        if scope["type"] == "websocket":
            # The routes have given it one; in ASGI it has none, and Litestar looks for it.
            scope = {key: value for key, value in scope.items() if key != "method"}
        if self._state is not None:
            scope["state"] = self._state.copy()
        try:
            await self._app(scope, request.receive, send)
        except (AbortError, HandlerError, GeneratorExit):
            # The last is how a coroutine that nobody will resume is closed.
            raise
        except BaseException as error:
            # Whatever an app raises is its failure, `SystemExit` as well: past this point
            # that would end the worker, and with it everybody's requests.
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            fail(self._name, request, error)


def _is_cancelled() -> bool:
    """Whether the server has cancelled the request; apps can raise `CancelledError` themselves."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def with_prefix(scope: Scope, prefix: str) -> Scope:
    """Return a scope whose `path` has its prefix again, and whose `root_path` says so.

    Error routes go on with the scope as it was, so it is a copy.
    Source: ASGI, HTTP connection scope, `root_path`.
    """
    encoded = quote(prefix.encode("utf-8", "surrogateescape"), safe="/!$&'()*+,;=:@~").encode()
    return {
        **scope,
        "root_path": prefix,
        "path": prefix + scope["path"],
        "raw_path": encoded + scope["raw_path"],
    }
