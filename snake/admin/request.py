"""Request: what the API is asked, as its endpoints see it."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from snake.admin.answer import APIError
from snake.tls.secured import SECURED
from snake.transport.asgi import TARGET, ClientDisconnectedError, Receive, Scope

LARGEST_BODY = 100 * 1024 * 1024
"""Bytes of a configuration, as in Caddy."""
_SMALL = 1024 * 1024
"""Bytes of a body that everybody may send at once; larger ones take turns, for the memory."""
_LARGE = asyncio.Semaphore(2)
"""Requests with a large body, from its first megabyte to their answers."""


class Request:
    """One request. Who answers it has to `release` it."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        """Decoded; bytes that are not UTF-8 are surrogates."""
        self.raw_path: str = scope["raw_path"].decode("ascii", "replace")
        """As it was sent, without the query."""
        self.query: str = scope["query_string"].decode("ascii", "replace")
        target = scope.get(TARGET) or b""
        self.uri = target.decode() or f"{self.raw_path}{'?' * bool(self.query)}{self.query}"
        """The whole target as it was sent."""
        self.remote: tuple[str, int] | None = scope["client"]
        """Address and port of the client; `None` on a Unix socket."""
        self.secured: Any = scope.get(SECURED)
        self.headers: dict[str, list[str]] = {}
        """All values by names in lower case."""
        for name, value in scope["headers"]:
            text = value.decode("utf-8", "surrogateescape")
            self.headers.setdefault(name.decode("ascii", "replace"), []).append(text)
        self._receive = receive
        self._body: bytes | None = None
        self._is_large = False

    @property
    def host(self) -> str:
        """The host that is asked for, with its port."""
        return self.header("host")

    def header(self, name: str) -> str:
        """Return the first value of a field; empty if there is none."""
        return self.headers.get(name.lower(), [""])[0]

    async def body(self) -> bytes:
        """Return the whole body. Raises `APIError` if it is longer than `LARGEST_BODY`."""
        if self._body is None:
            self._body = await self._read()
        return self._body

    def move(self, path: str) -> None:
        """Have it ask for another path."""
        self.path = path
        self.raw_path = quote(path, errors="surrogateescape")

    def release(self) -> None:
        """Let others have large bodies: this one is answered."""
        if self._is_large:
            self._is_large = False
            self._body = None
            _LARGE.release()

    async def _read(self) -> bytes:
        length = self.header("content-length")
        if length.isdecimal() and int(length) > LARGEST_BODY:
            raise _too_large()
        data = bytearray()
        if not await self._fill(data, _SMALL):
            await _LARGE.acquire()
            self._is_large = True
            if not await self._fill(data, LARGEST_BODY):
                raise _too_large()
        return bytes(data)

    async def _fill(self, data: bytearray, most: int) -> bool:
        """Receive until the end, or more than so much; tell whether it was the end."""
        while len(data) <= most:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnectedError("the client is gone")
            data += message.get("body", b"")
            if not message.get("more_body", False):
                return len(data) <= LARGEST_BODY
        return False


def _too_large() -> APIError:
    message = "reading request body: http: request body too large"
    return APIError(HTTPStatus.BAD_REQUEST, message)
