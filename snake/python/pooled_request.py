"""PooledRequest: one HTTP request on its way to a pool's process, and its response back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from snake.http.errors import AbortError
from snake.http.handler import Message, Scope, Send
from snake.http.request import Request
from snake.pool.frames import (
    BODY,
    END,
    FAILED,
    HAS_TRAILERS,
    INTERIM,
    LEFT,
    NEED,
    START,
    TRAILERS,
    UNFINISHED,
    Event,
    Field,
    FrameError,
    frame,
    read_start,
    split,
    waited,
)
from snake.pool.request_head import ASKED_BODY, NO_BODY, WHOLE_BODY
from snake.python.hop import HopConnection, HopError, UnreadError
from snake.transport.asgi import CLIENT, Client, Whole
from snake.transport.start import starter

_MOST_INTERIM = 100
"""Interim responses before a response, above which an app is not taken seriously."""


class AppFailedError(Exception):
    """The app failed: with which status, where, with what traceback."""

    def __init__(
        self,
        message: str,
        place: str = "",
        trace: str = "",
        *,
        status: int = 500,
        started: bool = False,
    ) -> None:
        super().__init__(message)
        self.place = place
        self.trace = trace
        self.status = status
        self.started = started


class UnfinishedError(Exception):
    """The app returned before its response was complete, as the transport will notice."""


class PooledRequest:
    """One request over one connection. `end` follows `run`, however that ended."""

    def __init__(self, request: Request, connection: HopConnection, body: int) -> None:
        self._request = request
        self._connection = connection
        self._body = body
        self._is_sent = body == NO_BODY
        """Whether all of the request's body was sent on."""
        self._pump: asyncio.Task[None] | None = None
        self._gone = False
        self._complete = False
        self._interim = 0
        self.started = False
        """Whether any of the response was sent."""
        self.waited = 0.0
        """Seconds for which it had no thread in the process, as that says."""
        self._client: Client | None = (request.scope.get("extensions") or {}).get(CLIENT)
        if self._client is not None:
            self._client.when_gone(self._leave)

    async def run(self, send: Send) -> None:
        """Send the body on, and answer with what the app sends.

        Raises `AppFailedError`, `HopError`, `FrameError`, what `send` raises, and `AbortError`
        when the client is gone.
        """
        try:
            if self._body == WHOLE_BODY or self._client is None:
                self._begin_pump(until_gone=self._client is None)
            event = await self._next()
            while event[0] == INTERIM:
                await self._inform(event[1])
                event = await self._next()
            if event[0] != START:
                raise FrameError("a response began with something else")
            await self._respond(event[1], send)
        except UnfinishedError:
            return
        except HopError as error:
            if self._gone:
                raise AbortError from None
            if self.started:
                raise AppFailedError("the app broke off its response", started=True) from None
            if isinstance(error, UnreadError) and self._pump is not None:
                raise HopError(str(error)) from None
            raise

    def end(self) -> None:
        """Let go of the connection: it is kept if all was sent and all was read."""
        if self._pump is not None:
            self._pump.cancel()
        if self._is_sent and self._complete:
            self._connection.release()
        else:
            self._connection.close()

    def _leave(self) -> None:
        """Tell the app that its client is gone."""
        if not self._complete:
            self._gone = True
            self._connection.close()

    async def _respond(self, payload: bytes, send: Send) -> None:
        """Send a response from its start on."""
        status, flags, fields = read_start(payload)
        self.waited = waited(payload)
        trails = bool(flags & HAS_TRAILERS)
        kind, piece, left = await self._next()
        if kind == END and left and not _has_length(fields):
            fields.append((b"content-length", b"%d" % (len(piece) + left)))
        start: Message = {"type": "http.response.start", "status": status, "headers": fields}
        if trails:
            start["trailers"] = True
        elif kind == END and not left:
            self._complete = True
            whole: Whole | None = getattr(send, "whole", None)
            if whole is not None and whole(start, piece):
                return
        await send(start)
        while kind != END or left:
            if kind == TRAILERS and trails:
                self._complete = True
                await send({"type": "http.response.body", "body": b""})
                await send({"type": "http.response.trailers", "headers": split(piece)})
                return
            if kind not in (BODY, END):
                raise FrameError("a body was broken off by something else")
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            self.started = True
            kind, piece, left = await self._next()
        self._complete = True
        await send({"type": "http.response.body", "body": piece})

    async def _inform(self, payload: bytes) -> None:
        self._interim += 1
        if self._interim > _MOST_INTERIM:
            raise FrameError(f"there were more than {_MOST_INTERIM} interim responses")
        status, _, fields = read_start(payload)
        if self._client is not None:
            await self._client.inform(status, fields)

    async def _next(self) -> Event:
        """Return the next part of a response.

        Meanwhile the app may ask for the request's body. Raises what it tells of its failure.
        """
        while True:
            event = self._connection.pop() or await self._connection.next()
            kind = event[0]
            if kind == NEED:
                self._begin_pump(until_gone=self._body != ASKED_BODY or self._is_sent)
            elif kind == FAILED:
                raise failure_in(event[1], started=self.started)
            elif kind == UNFINISHED:
                raise UnfinishedError
            else:
                return event

    def _begin_pump(self, *, until_gone: bool) -> None:
        if self._pump is not None and not self._pump.done():
            raise FrameError("it asks for what is on its way")
        start = starter(asyncio.get_running_loop())
        self._pump = start(self._send_on(until_gone=until_gone))

    async def _send_on(self, *, until_gone: bool) -> None:
        """Send the body on as it comes; then, if the app waits for it, that the client is gone."""
        connection, receive = self._connection, self._request.receive
        while not self._is_sent:
            message = await receive()
            if message["type"] != "http.request":
                connection.write(frame(LEFT))
                return
            more = message.get("more_body", False)
            connection.write(frame(BODY if more else END, message.get("body", b"")))
            self._is_sent = not more
            await connection.drained()
        if until_gone:
            while (await receive())["type"] == "http.request":
                pass
            connection.write(frame(LEFT))
            if self._client is None:
                self._leave()


def failure_in(payload: bytes, *, started: bool) -> Exception:
    """Return what a `FAILED` frame tells: nothing told is a client that went away.

    Raises `FrameError`.
    """
    try:
        message, place, trace = msgspec.json.decode(payload, type=tuple[str, str, str])
    except msgspec.DecodeError:
        raise FrameError("a failure that cannot be read") from None
    if not message:
        return AbortError()
    return AppFailedError(message, place, trace, started=started)


def body_of(scope: Scope) -> int:
    """Return whether a body follows the head: none, at once, or when the app asks for it."""
    length, chunked, expects = b"", False, False
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = value
        elif name == b"transfer-encoding":
            chunked = True
        elif name == b"expect":
            expects = True
    if length == b"0" or not (length or chunked or scope["http_version"] not in ("1.0", "1.1")):
        return NO_BODY
    return ASKED_BODY if expects else WHOLE_BODY


def _has_length(fields: Iterable[Field]) -> bool:
    return any(name.lower() == b"content-length" for name, _ in fields)
