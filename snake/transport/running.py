"""Running: the app's run for one request, whatever protocol the request came by."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from typing import Any, Protocol

from snake.transport.asgi import (
    NOTHING,
    AbortError,
    ASGIApp,
    ClientDisconnectedError,
    Message,
    Scope,
    raising,
    report_unfinished,
)

log = logging.getLogger("snake.http")

NEW, HELD, STREAMING, TRAILING, DONE = range(5)
"""A response: nothing yet; the head waits for the body; the head is out; the trailers are to come;
all is out."""


class Run(Protocol):
    """What a request is to those that run it."""

    def begin(self, app: ASGIApp, scope: Scope) -> Coroutine[Any, Any, None] | None:
        """Call the app; return what is left to run, if it has not answered by then."""
        ...


class Running:
    """Calls the app, and sees to what it leaves undone. Its heirs are an app's `send`."""

    __slots__ = ()

    state: int
    gone: bool

    async def receive(self) -> Message:
        """Return the next message for the app."""
        raise NotImplementedError

    async def __call__(self, message: Message) -> None:
        """Take a message of the app."""
        raise NotImplementedError

    def _fail(self) -> None:
        """Answer with a 500, or break off what is under way."""
        raise NotImplementedError

    def _abort(self) -> None:
        """Break off, so that the client does not take what it has for whole."""
        raise NotImplementedError

    def _ended(self) -> None:
        """Hear that the app has returned, if it was waited for."""

    def begin(self, app: ASGIApp, scope: Scope) -> Coroutine[Any, Any, None] | None:
        """Call the app; return what is left to run, if it has not answered by then."""
        try:
            answering = app(scope, self.receive, self)
        except BaseException as error:  # noqa: BLE001  (it is handled where all others are)
            answering = raising(error)
        if answering is NOTHING and self.state == DONE:
            return None
        return self._run(answering, scope)

    async def _run(self, answering: Awaitable[None], scope: Scope) -> None:
        """Wait for the app. What it leaves undone is a 500, or the end of the response.

        An app that ends the process or its task ends its request, and nothing else.
        """
        try:
            await answering
        except AbortError:
            self._abort()
        except ClientDisconnectedError:
            # A client that only closed its side was taken for gone, by the app or in its name.
            if self.state != DONE:
                self._abort()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                self._abort()
                raise
            self.failed(error)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001
            self.failed(error)
        else:
            if not (self.state == DONE or self.gone):
                report_unfinished(scope)
                self._fail()
        finally:
            self._ended()

    def failed(self, error: BaseException) -> None:
        """Log what the app raised, and end the response as far as that can be done."""
        log.error("the app failed", exc_info=error)
        if not (self.state == DONE or self.gone):
            self._fail()
