"""Input: the request body as the file that WSGI apps read, `wsgi.input`.

A short body is there when the app starts, so that no thread waits for a slow
client. A longer one has begun by then, and the rest comes while the app reads;
what it waits for its client is not counted as work.
"""

from __future__ import annotations

import asyncio
import io
from typing import BinaryIO

from snake.app.environ import Environ
from snake.app.threads import PATIENCE, Threads
from snake.transport.asgi import AbortError, ClientDisconnectedError, Message, Receive

SHORT_BODY = 65_536
"""Bytes up to which a body is awaited before the app is called."""


class Body(io.RawIOBase):
    """A body that arrives while it is read, in any thread but the loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: Threads, receive: Receive) -> None:
        self._loop = loop
        self._threads = threads
        self._receive = receive
        self._chunk = memoryview(b"")
        self.ended = False

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def readinto(self, target: memoryview, /) -> int:  # type: ignore[override]
        """Fill `target` with what is there, or wait; 0 is the end.

        Raises `ClientDisconnectedError` when the client goes away in the middle.
        """
        while not self._chunk:
            if self.ended:
                return 0
            self._take()
        size = min(len(target), len(self._chunk))
        target[:size] = self._chunk[:size]
        self._chunk = self._chunk[size:]
        return size

    async def begin(self) -> None:
        """Wait for the first message, on the loop: what may never come needs no thread.

        Without a length, it says whether there is a body at all.
        Raises `AbortError` when the client goes away before it.
        """
        try:
            self._accept(await self._receive())
        except ClientDisconnectedError as error:
            raise AbortError from error

    def _take(self) -> None:
        coming = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
        try:
            message = coming.result(PATIENCE)
        except TimeoutError:
            with self._threads.aside():
                message = coming.result()
        self._accept(message)

    def _accept(self, message: Message) -> None:
        if message["type"] != "http.request":
            raise ClientDisconnectedError("the client went away before it sent the whole body")
        self._chunk = memoryview(message.get("body", b""))
        self.ended = not message.get("more_body", False)

    async def _next(self) -> Message:
        return await self._receive()


def has_no_body(environ: Environ) -> bool:
    """Whether the header says that no body follows (RFC 9112 §6.3).

    HTTP/2 and 3 need not say; there it is never certain.
    """
    length = environ.get("CONTENT_LENGTH")
    if length is not None:
        return bool(length == "0")
    return "HTTP_TRANSFER_ENCODING" not in environ and environ["SERVER_PROTOCOL"] in (
        "HTTP/1.1",
        "HTTP/1.0",
    )


def is_unasked(environ: Environ) -> bool:
    """Whether the client sends its body without being asked for it (RFC 9110 §10.1.1)."""
    return "HTTP_EXPECT" not in environ


def is_short(environ: Environ) -> bool:
    """Whether to await the whole body first."""
    length = environ.get("CONTENT_LENGTH", "")
    return length.isdigit() and int(length) <= SHORT_BODY


async def read_short(receive: Receive) -> BinaryIO:
    """Return a whole body. Raises `AbortError` when the client goes away in the middle."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
    if message["type"] != "http.request":
        raise AbortError
    return io.BytesIO(body)


def stream(body: Body) -> BinaryIO:
    """Return a body as the app reads it: by size, line or whole."""
    return io.BufferedReader(body, SHORT_BODY)
