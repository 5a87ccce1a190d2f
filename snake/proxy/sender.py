"""Sender: the body of a request on its way to an upstream, while the response may come already."""

from __future__ import annotations

import asyncio

from snake.proxy.contract import Content, UpstreamError, UpstreamTimeoutError
from snake.proxy.h1 import H1Connection
from snake.proxy.request_head import field_lines
from snake.transport.asgi import ClientDisconnectedError


class Sender:
    """Sends one head and one body.

    The head goes together with the first piece of the body when that is here already.
    """

    def __init__(self, connection: H1Connection, head: bytes, content: Content) -> None:
        self._connection = connection
        self._head = head
        self._content = content
        self._left = content.length
        self.permitted: asyncio.Future[None] | None = None
        """Done when the upstream wants the body; `None` when it is not asked."""

    def send_head(self) -> None:
        """Send the head now, if it is not on its way."""
        head, self._head = self._head, b""
        if head:
            self._connection.write(head)

    async def run(self) -> None:
        """Send all of it. What the client fails at ends the connection."""
        connection = self._connection
        try:
            if self.permitted is not None:
                self.send_head()
                await self.permitted
            await self._send()
        except ClientDisconnectedError as error:
            connection.sender = None
            connection.fail(error)
        except UpstreamTimeoutError as error:
            connection.sender = None
            connection.fail(error)
        except UpstreamError:
            pass  # it may have answered before it closed
        else:
            connection.all_sent()

    async def _send(self) -> None:
        connection, content = self._connection, self._content
        while piece := await content.read():
            connection.write(self._head + self._framed(piece))
            self._head = b""
            if self._left == 0:
                return
            await connection.drained()
        if self._left:
            raise ClientDisconnectedError("the body is shorter than its Content-Length")
        connection.write(self._head + (self._ending() if self._left is None else b""))
        self._head = b""

    def _ending(self) -> bytes:
        """Return the end of a body in chunks, with the fields that follow it."""
        return b"0\r\n" + field_lines(self._content.trailers) + b"\r\n"

    def _framed(self, piece: bytes) -> bytes:
        if self._left is None:
            return b"%x\r\n%b\r\n" % (len(piece), piece)
        self._left -= len(piece)
        if self._left < 0:
            raise ClientDisconnectedError("the body is longer than its Content-Length")
        return piece
