"""Watch: a request to an upstream ends when its client goes away."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from snake.http.handler import Send
from snake.http.request import Request
from snake.proxy.told import Told
from snake.transport.asgi import CLIENT, ClientDisconnectedError

CLIENT_CLOSED_REQUEST = 499


class Watch:
    """Cancels the request's own task when its client goes away within the block.

    The block then raises `ClientDisconnectedError`.
    """

    __slots__ = ("_ended", "_gone", "_request", "_send", "_task")

    def __init__(self, request: Request, send: Send) -> None:
        self._request = request
        self._send = send
        self._ended = False
        self._gone = False
        self._task: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> Self:
        client = (self._request.scope.get("extensions") or {}).get(CLIENT)
        if client is not None:
            self._task = asyncio.current_task()
            client.when_gone(self._leave)
        return self

    def end(self) -> None:
        """Watch no more: what follows may be an app, which hears itself that its client goes."""
        self._task = None
        self._ended = True

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._task = None
        if self._ended:
            return
        if isinstance(error, ClientDisconnectedError):
            await self._note_gone()
        elif self._gone and isinstance(error, asyncio.CancelledError):
            # The cancellation was meant for the request to the upstream.
            if (current := asyncio.current_task()) is not None:
                current.uncancel()
            await self._note_gone()
            raise ClientDisconnectedError("the client went away") from None

    async def _note_gone(self) -> None:
        """Have the log say that the client closed its request, if it has no answer yet."""
        told = self._request.proxied
        if isinstance(told, Told) and told.reply is None:
            start = {"type": "http.response.start", "status": CLIENT_CLOSED_REQUEST, "headers": []}
            with suppress(ClientDisconnectedError):
                await self._send(start)

    def _leave(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            self._gone = True
            task.cancel()
