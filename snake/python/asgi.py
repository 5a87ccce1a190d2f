"""ASGI: hands the request to the app in the same loop; nothing stands between."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from snake.http.errors import AbortError, HandlerError
from snake.http.handler import ASGIApp, Next, Scope, Send
from snake.http.request import Request
from snake.python.failure import fail
from snake.transport.asgi import ResponseStartedError

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
        if request.prefix:
            scope = with_prefix(scope, request.prefix)
        if self._state is not None:
            scope["state"] = self._state.copy()
        try:
            await self._app(scope, request.receive, send)
        except (AbortError, ResponseStartedError, HandlerError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever an app raises is its failure
            fail(self._name, request, error)


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
