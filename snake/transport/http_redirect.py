"""http_redirect: who speaks HTTP where HTTPS is spoken is sent there, by the same port.

The first bytes tell. They are taken off the socket, not looked at in the kernel: what waits there
would have the loop turn for as long as too few have come. Whoever reads next gets them.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from msgspec.structs import replace

from snake.transport.admission import Admission, RefusedConnectionError
from snake.transport.head import HeadReader
from snake.transport.refusal import RefusedError, refusal
from snake.transport.settings import Settings

_HTTP = (b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO")
"""How a request begins, as far as Caddy knows them."""
_SIGN = 5
_END = b"\r\n\r\n"
_AT_ONCE = 4096
_MOST_LEFT = 262_144
"""Bytes of a body that are waited for after the answer, which a reset would take with it."""
_GOODBYE = 1.0
"""Seconds for these."""


class HTTPRedirect:
    """Redirects HTTP to HTTPS at the same Host."""

    def __init__(self, max_header_bytes: int, timeout: float | None) -> None:
        """Read heads of so many bytes, for so many seconds."""
        self._limit = max_header_bytes
        self._timeout = timeout
        self._heads = HeadReader(Settings(max_header_bytes=max_header_bytes))

    async def admit(self, sock: socket.socket, admission: Admission) -> Admission:
        """Answer what is HTTP, and let pass all else. Raises `RefusedConnectionError`."""
        begun = bytearray(admission.begun)
        try:
            async with asyncio.timeout(self._timeout):
                while len(begun) < _SIGN and await _more(sock, begun, _SIGN - len(begun)):
                    pass
                if not begun.startswith(_HTTP):
                    return replace(admission, begun=bytes(begun))
                answer = await self._answer(sock, begun)
                await asyncio.get_running_loop().sock_sendall(sock, answer)
        except TimeoutError:
            raise RefusedConnectionError("nothing came that is HTTPS, nor a request") from None
        await _end(sock)
        raise RefusedConnectionError("an HTTP request to an HTTPS server was redirected")

    async def _answer(self, sock: socket.socket, begun: bytearray) -> bytes:
        """Read the rest of a head, and return the answer to it."""
        while (end := begun.find(_END)) < 0 and len(begun) < self._limit:
            if not await _more(sock, begun, min(_AT_ONCE, self._limit - len(begun))):
                raise RefusedConnectionError("half an HTTP request to an HTTPS server")
        if end < 0:
            return refusal(RefusedError(431))
        try:
            self._heads.read(bytes(begun[: end + len(_END)]))
        except RefusedError as error:
            return refusal(error)
        return _redirect(self._heads)


def _redirect(heads: HeadReader) -> bytes:
    host = next((value for name, value in heads.headers if name == b"host"), b"")
    if not host:
        return refusal(RefusedError(400))
    target = b"/" if heads.target == b"*" else heads.target
    return (
        b"HTTP/1.0 308 Permanent Redirect\r\n"
        b"Location: https://%b%b\r\n"
        b"Content-Length: 0\r\n\r\n" % (host, target)
    )


async def _more(sock: socket.socket, begun: bytearray, size: int) -> bool:
    """Read what there is; return whether there was anything before the end."""
    data = await asyncio.get_running_loop().sock_recv(sock, size)
    begun += data
    return bool(data)


async def _end(sock: socket.socket) -> None:
    """Let the client have the answer: it closes, or there is an end to what it sends."""
    sock.shutdown(socket.SHUT_WR)
    left = _MOST_LEFT
    with suppress(TimeoutError):
        async with asyncio.timeout(_GOODBYE):
            while left > 0 and await _more(sock, data := bytearray(), _AT_ONCE):
                left -= len(data)
