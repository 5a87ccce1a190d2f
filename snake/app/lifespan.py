"""Lifespan: tells an ASGI app when serving begins and ends.

Source: https://asgi.readthedocs.io/en/latest/specs/lifespan.html.
"""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Any, Self

from snake.app.failure import app_traceback, describe
from snake.core.errors import StartError
from snake.transport.asgi import ASGIApp, Message

log = logging.getLogger("snake.python")

SHUTDOWN_TIMEOUT = 30.0
"""Seconds that an app has to shut down."""


class Lifespan:
    """One app's startup and shutdown, around `async with`. `state` is what startup has left."""

    def __init__(self, name: str, app: ASGIApp, start_timeout: float | None) -> None:
        self._name = name
        self._app = app
        self._start_timeout = start_timeout
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._started: asyncio.Future[None] = self._loop.create_future()
        self._stopped: asyncio.Future[None] = self._loop.create_future()
        self._task: asyncio.Task[None] | None = None
        self.state: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        """Wait until the app says that it is ready. Raises `StartError` when it is not."""
        self._task = self._loop.create_task(self._run())
        self._events.put_nowait({"type": "lifespan.startup"})
        try:
            async with asyncio.timeout(self._start_timeout):
                await asyncio.wait((self._task, self._started), return_when="FIRST_COMPLETED")
        except TimeoutError:
            await self._cancel()
            raise StartError(
                f'the app "{self._name}" did not finish its lifespan startup '
                f"within {self._start_timeout:g} seconds"
            ) from None
        if not self._started.done():
            self._task.result()
            raise StartError(
                f'the app "{self._name}" ended its lifespan without "lifespan.startup.complete"; '
                "if it has no lifespan, leave out `lifespan on`"
            )
        try:
            self._started.result()
        except StartError:
            await self._cancel()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Tell the app to shut down, and wait for it a limited time."""
        if self._task is None or self._task.done():
            return
        self._events.put_nowait({"type": "lifespan.shutdown"})
        await asyncio.wait(
            (self._task, self._stopped), timeout=SHUTDOWN_TIMEOUT, return_when="FIRST_COMPLETED"
        )
        if not self._task.done() and not self._stopped.done():
            log.error("app did not shut down in time", extra={"fields": {"app": self._name}})
        await self._cancel()

    async def _cancel(self) -> None:
        """End the app's lifespan; one that has said its last word gets a moment to return."""
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=0.1 if self._stopped.done() else 0)
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=1)

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._events.get, self._send)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            if not self._started.done():
                raise StartError(
                    f'the app "{self._name}" failed in its lifespan startup:\n\n{describe(error)}'
                ) from None
            if self._started.exception() is not None:
                return  # it has said so itself, and then raised
            log.error(  # noqa: TRY400 - the traceback without the server's frames
                "app failed in its lifespan",
                exc_info=(type(error), error, app_traceback(error)),
                extra={"fields": {"app": self._name}},
            )

    async def _send(self, message: Message) -> None:
        text = message.get("message", "")
        match message["type"]:
            case "lifespan.startup.complete" if not self._started.done():
                self._started.set_result(None)
            case "lifespan.startup.failed" if not self._started.done():
                reason = f": {text}" if text else ""
                error = StartError(f'the app "{self._name}" refused to start{reason}')
                self._started.set_exception(error)
            case "lifespan.shutdown.complete" if not self._stopped.done():
                self._stopped.set_result(None)
            case "lifespan.shutdown.failed" if not self._stopped.done():
                fields = {"app": self._name, "error": text}
                log.error("app failed to shut down", extra={"fields": fields})
                self._stopped.set_result(None)
            case other:
                raise RuntimeError(f"unexpected lifespan message: {other}")
