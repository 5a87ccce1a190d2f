"""WebSocketExchange: one WebSocket, as the app sees it. The worker speaks the protocol itself."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from snake.pool.frames import (
    ACCEPT,
    BODY,
    BYTES,
    CLOSE,
    END,
    LONGEST_MESSAGE,
    START,
    TEXT,
    FrameError,
    close,
    frame,
    join,
    read_close,
    start,
)
from snake.transport.asgi import AppError, ClientDisconnectedError, Message

if TYPE_CHECKING:
    from snake.pool.connection import Connection

CONNECTING, OPEN, DENYING, CLOSED = range(4)

HIGH_WATER = 64
"""Messages that wait for the app, above which no more are read."""
_ABNORMAL, _RESTART = 1006, 1012
"""Codes of a WebSocket that broke off (RFC 6455 §7.1.5), and of one that ends with its server."""


class WebSocketExchange:
    """What `receive` and `send` are of one WebSocket."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._messages: deque[Message] = deque([{"type": "websocket.connect"}])
        self._news = asyncio.Event()
        self._news.set()
        self.gone = False
        self.state = CONNECTING
        self._start = b""

    @property
    def is_answered(self) -> bool:
        """Whether the app has said its last word."""
        return self.state == CLOSED

    @property
    def is_awaited(self) -> bool:
        """Whether the worker waits for the end of the app: also when the client has closed."""
        return self.state != CLOSED

    @property
    def is_over(self) -> bool:
        """Whether another request may follow; after a WebSocket none does."""
        return False

    # From the worker ---------------------------------------------------------

    def take(self, kind: int, data: bytes, left: int) -> None:
        """Take a frame of the client. Raises `FrameError` for what is none."""
        del left
        if self.gone:
            return
        if kind == CLOSE:
            code, reason = read_close(data)
            self.gone = True
            self._put({"type": "websocket.disconnect", "code": code, "reason": reason})
        elif kind == TEXT:
            self._put({"type": "websocket.receive", "text": data.decode("utf-8", "replace")})
        elif kind == BYTES:
            self._put({"type": "websocket.receive", "bytes": data})
        else:
            raise FrameError("a WebSocket has no such message")

    def drop(self) -> None:
        """The worker is gone, or closed the connection without a word."""
        self._leave(_ABNORMAL)

    def restart(self) -> None:
        """End it, as this process is about to: tell client and app."""
        if self.state == OPEN and not self.gone:
            self.state = CLOSED
            self._connection.write(close(_RESTART, ""))
            self._leave(_RESTART)

    def _leave(self, code: int) -> None:
        if not self.gone:
            self.gone = True
            self._put({"type": "websocket.disconnect", "code": code, "reason": ""})

    def _put(self, message: Message) -> None:
        self._messages.append(message)
        if len(self._messages) > HIGH_WATER:
            self._connection.pause_reading()
        self._news.set()

    # For the app --------------------------------------------------------------

    async def receive(self) -> Message:
        """Return the next message; after the end, the end again."""
        while not self._messages:
            self._news.clear()
            await self._news.wait()
        if len(self._messages) == 1 and self._messages[0]["type"] == "websocket.disconnect":
            return self._messages[0]
        message = self._messages.popleft()
        self._connection.resume_reading()
        return message

    async def send(self, message: Message) -> None:
        """Take what the app sends. Raises `ClientDisconnectedError` when nobody wants it."""
        if self.gone or self.state == CLOSED:
            raise ClientDisconnectedError("the WebSocket is closed")
        kind = message["type"]
        if self.state == DENYING or kind.startswith("websocket.http.response."):
            self._deny(message)
        elif kind == "websocket.accept" and self.state == CONNECTING:
            self._accept(message)
        elif kind == "websocket.send" and self.state == OPEN:
            self._send(message)
        elif kind == "websocket.close":
            self._close(message)
        else:
            raise AppError(f"{kind!r} is not what a WebSocket expects now")
        await self._connection.give_way()

    def _accept(self, message: Message) -> None:
        chosen = message.get("subprotocol") or ""
        headers = [(b"", chosen.encode("latin-1")), *(message.get("headers") or ())]
        self._connection.write(frame(ACCEPT, join(headers)))
        self.state = OPEN
        if self._connection.is_draining:
            self.restart()

    def _send(self, message: Message) -> None:
        text = message.get("text")
        kind, data = (BYTES, message["bytes"]) if text is None else (TEXT, text.encode("utf-8"))
        if len(data) > LONGEST_MESSAGE:
            raise AppError(f"a message has {len(data)} bytes; {LONGEST_MESSAGE} are the most")
        self._connection.write(frame(kind, data))

    def _close(self, message: Message) -> None:
        self.state = CLOSED
        self._connection.write(close(message.get("code", 1000), message.get("reason") or ""))

    def _deny(self, message: Message) -> None:
        """Answer the handshake with a response (ASGI's `websocket.http.response`)."""
        if message["type"] == "websocket.http.response.start" and self.state == CONNECTING:
            self._start = start(START, message["status"], message.get("headers") or ())
            self.state = DENYING
        elif message["type"] == "websocket.http.response.body" and self.state == DENYING:
            more = message.get("more_body", False)
            begun, self._start = self._start, b""
            kind = BODY if more else END
            self._connection.write(begun + frame(kind, message.get("body", b"")))
            if not more:
                self.state = CLOSED
        else:
            raise AppError(f"{message['type']!r} is not what a refused WebSocket expects")
