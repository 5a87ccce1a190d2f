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
    NEED,
    START,
    TRAILERS,
    Event,
    Field,
    FrameError,
    frame,
    read_start,
    split,
)
from snake.pool.request_head import ASKED_BODY, NO_BODY, WHOLE_BODY
from snake.python.hop import HopConnection, HopError
from snake.transport.asgi import CLIENT, Client


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


class PooledRequest:
    """One request over one connection. `end` follows `run`, however that ended."""

    def __init__(self, request: Request, connection: HopConnection, body: int) -> None:
        self._request = request
        self._connection = connection
        self._body = body
        self._pump: asyncio.Task[None] | None = None
        self._gone = False
        self._complete = False
        self.started = False
        """Whether any of the response was sent."""
        self._client: Client | None = (request.scope.get("extensions") or {}).get(CLIENT)
        if self._client is not None:
            self._client.when_gone(self._leave)

    async def run(self, send: Send) -> None:
        """Send the body on, and answer with what the app sends.

        Raises `AppFailedError`, `HopError`, `FrameError`, what `send` raises, and `AbortError`
        when the client is gone.
        """
        try:
            if self._body == WHOLE_BODY:
                self._send_body()
            payload = await self._start()
            await self._respond(payload, send)
        except HopError:
            if self._gone:
                raise AbortError from None
            if self.started:
                raise AppFailedError("the app broke off its response", started=True) from None
            raise

    def end(self) -> None:
        """Let go of the connection: it is kept if all was sent and all was read."""
        pump = self._pump
        sent = self._body == NO_BODY or (pump is not None and pump.done())
        if pump is not None and not sent:
            pump.cancel()
        if sent and self._complete:
            self._connection.release()
        else:
            self._connection.close()

    def _leave(self) -> None:
        """Tell the app that its client is gone."""
        if not self._complete:
            self._gone = True
            self._connection.close()

    async def _start(self) -> bytes:
        """Return the start of the response; what comes before is dealt with."""
        while True:
            kind, payload, _ = await self._connection.next()
            if kind == START:
                return payload
            if kind == INTERIM:
                status, _, fields = read_start(payload)
                if self._client is not None:
                    await self._client.inform(status, fields)
            elif kind == NEED and self._body == ASKED_BODY and self._pump is None:
                self._send_body()
            else:
                self._expect_no_failure((kind, payload, 0))
                raise FrameError("a response began with something else")

    async def _respond(self, payload: bytes, send: Send) -> None:
        """Send a response from its start on."""
        status, flags, fields = read_start(payload)
        trails = bool(flags & HAS_TRAILERS)
        event = await self._next_part()
        kind, piece, left = event
        self._expect_no_failure(event)
        if kind == END and left and not _has_length(fields):
            fields.append((b"content-length", b"%d" % (len(piece) + left)))
        start: Message = {"type": "http.response.start", "status": status, "headers": fields}
        if trails:
            start["trailers"] = True
        await send(start)
        while kind != END or left:
            if kind not in (BODY, END):
                raise FrameError("a body was broken off by something else")
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            self.started = True
            event = await self._next_part()
            kind, piece, left = event
            self._expect_no_failure(event)
            if kind == TRAILERS and trails:
                self._complete = True
                await send({"type": "http.response.body", "body": b""})
                await send({"type": "http.response.trailers", "headers": split(piece)})
                return
        self._complete = True
        await send({"type": "http.response.body", "body": piece})

    async def _next_part(self) -> Event:
        """Return the next part of a response; the app may still ask for the request's body."""
        event = await self._connection.next()
        while event[0] == NEED and self._body == ASKED_BODY and self._pump is None:
            self._send_body()
            event = await self._connection.next()
        return event

    def _expect_no_failure(self, event: Event) -> None:
        """Raise what the app told of its failure, if it did."""
        if event[0] != FAILED:
            return
        raise failure_in(event[1], started=self.started)

    def _send_body(self) -> None:
        self._pump = asyncio.create_task(self._send_parts())

    async def _send_parts(self) -> None:
        """Send the body on as it comes."""
        connection = self._connection
        while True:
            message = await self._request.receive()
            if message["type"] != "http.request":
                self._leave()
                return
            more = message.get("more_body", False)
            connection.write(frame(BODY if more else END, message.get("body", b"")))
            if not more:
                return
            await connection.drained()


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
