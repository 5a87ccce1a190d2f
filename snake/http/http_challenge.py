"""The challenge `http-01`: how an ACME authority is shown that a name is ours (RFC 8555 §8.3).

So is the file that the API of ZeroSSL looks for, which is another type of the same.

It is answered before all routes, on every server. What a client asks for costs the supervisor
little: only what looks like a token is sought, by the host alone, a few at a time.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable

from snake.http.handler import Next, Send
from snake.http.request import Request
from snake.http.response import respond
from snake.tls.certificate import host_of
from snake.tls.challenge import PATHS, Challenge
from snake.tls.ring import Ring
from snake.tls.subjects import qualifies

log = logging.getLogger("snake.tls.issuance")

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,512}(?:\.txt)?")
"""Base64url (RFC 8555 §8.3); one of 128 bits takes 22 characters. A file has an ending."""
_TYPES = {path: type for type, path in PATHS.items()}
_FOLDER = re.compile("|".join(map(re.escape, _TYPES)))
_LONGEST_NAME = 253
_AT_ONCE = 64
"""Hosts that one event loop seeks at once; a flood of more is for the routes."""
_PATIENCE = 10.0
"""Seconds in which the supervisor, or a storage behind it, must have found it."""
_HEADERS = ((b"content-type", b"text/plain"), (b"connection", b"close"))


def answering_challenges(ring: Ring, routes: Next) -> Next:
    """Return routes before which challenges are answered. What is none goes on to them."""
    seeking = _Seeking(ring)

    def run(request: Request, send: Send) -> Awaitable[None]:
        path = request.scope["path"]
        if path.startswith("/.well-known/") and request.method in ("GET", "HEAD"):
            folder = _FOLDER.match(path)
            if folder is not None:
                return answer(folder[0], request, send)
        return routes(request, send)

    async def answer(folder: str, request: Request, send: Send) -> None:
        token, host = request.path[len(folder) :], host_of(request.host)
        challenge = await seeking.find(_TYPES[folder], token, host)
        if challenge is None:
            await routes(request, send)
            return
        fields = {"name": host, "remote_ip": (request.scope.get("client") or ("",))[0]}
        log.info("answered the challenge %s", challenge.type, extra={"fields": fields})
        await respond(send, 200, _HEADERS, challenge.key_authorization.encode())

    return run


class _Seeking:
    """Seeks challenges by their host, not too many at once."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._count = 0

    async def find(self, type: str, token: str, host: str) -> Challenge | None:
        """Return the challenge of a type that has this token and this host."""
        fit = _TOKEN.fullmatch(token) and len(host) <= _LONGEST_NAME and qualifies(host)
        if not fit or self._count >= _AT_ONCE:
            return None
        self._count += 1
        try:
            async with asyncio.timeout(_PATIENCE):
                challenge = await self._ring.seek_token(host, type)
        except TimeoutError:
            return None
        finally:
            self._count -= 1
        if challenge is None or challenge.name != host:
            return None
        same = hmac.compare_digest(challenge.token.encode(), token.encode())
        return challenge if same else None
