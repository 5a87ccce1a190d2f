"""PooledWebSocket: a WebSocket of this worker whose app is in a pool's process."""

from __future__ import annotations

import asyncio

from snake.http.errors import AbortError
from snake.http.handler import Message, Send
from snake.http.request import Request
from snake.pool.frames import (
    ACCEPT,
    BODY,
    BYTES,
    CLOSE,
    END,
    FAILED,
    START,
    TEXT,
    UNFINISHED,
    FrameError,
    close,
    frame,
    read_close,
    read_start,
    split,
)
from snake.python.hop import HopConnection, HopError
from snake.python.pooled_request import failure_in

_NO_STATUS = 1005


class PooledWebSocket:
    """One WebSocket over one connection. `end` follows `run`, however that ended."""

    def __init__(self, request: Request, connection: HopConnection) -> None:
        self._request = request
        self._connection = connection
        self._gone = False
        self.started = False
        """Whether it was accepted, or an answer was begun."""
        self.waited = 0.0
        """Seconds for which it had no thread: it needs none."""

    async def run(self, send: Send) -> None:
        """Carry messages both ways until one side ends it.

        Raises `AppFailedError`, `HopError`, `FrameError`, what `send` raises, and `AbortError`
        when the client is gone.
        """
        up = asyncio.create_task(self._send_on())
        try:
            while await self._answer(send):
                pass
        except HopError:
            if self._gone:
                raise AbortError from None
            raise
        finally:
            up.cancel()

    def end(self) -> None:
        """Let go of the connection, on which nothing else can follow."""
        self._connection.close()

    async def _send_on(self) -> None:
        """Send on what the client sends."""
        connection = self._connection
        while True:
            message = await self._request.receive()
            match message["type"]:
                case "websocket.receive":
                    connection.write(_data(message))
                case "websocket.disconnect":
                    self._gone = True
                    code = message.get("code") or _NO_STATUS
                    connection.write(close(code, message.get("reason") or ""))
                    return
            await connection.drained()

    async def _answer(self, send: Send) -> bool:
        """Send one message of the app; return whether another may follow."""
        kind, payload, left = await self._connection.next()
        match kind:
            case _ if kind == TEXT:
                await send({"type": "websocket.send", "text": payload.decode("utf-8")})
            case _ if kind == BYTES:
                await send({"type": "websocket.send", "bytes": payload})
            case _ if kind == ACCEPT:
                await send(_accepted(payload))
                self.started = True
            case _ if kind == CLOSE:
                code, reason = read_close(payload)
                await send({"type": "websocket.close", "code": code, "reason": reason})
                return False
            case _ if kind == START:
                status, _, fields = read_start(payload)
                await send({"type": "http.response.start", "status": status, "headers": fields})
                self.started = True
            case _ if kind in (BODY, END):
                more = kind == BODY or bool(left)
                await send({"type": "http.response.body", "body": payload, "more_body": more})
                return more
            case _ if kind == UNFINISHED:
                return False
            case _ if kind == FAILED:
                raise failure_in(payload, started=False)
            case _:
                raise FrameError("a WebSocket has no such message")
        return True


def _data(message: Message) -> bytes:
    text = message.get("text")
    if text is not None:
        return frame(TEXT, text.encode("utf-8"))
    return frame(BYTES, message["bytes"])


def _accepted(payload: bytes) -> Message:
    """Return the acceptance: the first field's value is the subprotocol."""
    (_, subprotocol), *headers = split(payload)
    return {
        "type": "websocket.accept",
        "subprotocol": subprotocol.decode("latin-1") or None,
        "headers": headers,
    }
