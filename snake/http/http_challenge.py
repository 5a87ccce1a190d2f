"""The challenge `http-01`: how an ACME authority is shown that a name is ours (RFC 8555 §8.3).

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
from snake.tls.challenge import WELL_KNOWN, Challenge
from snake.tls.ring import Ring
from snake.tls.subjects import qualifies

log = logging.getLogger("snake.tls.issuance")

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,512}")
"""Base64url (RFC 8555 §8.3); one of 128 bits takes 22 characters."""
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
        if request.scope["path"].startswith(WELL_KNOWN) and request.method in ("GET", "HEAD"):
            return answer(request, send)
        return routes(request, send)

    async def answer(request: Request, send: Send) -> None:
        token, host = request.path[len(WELL_KNOWN) :], host_of(request.host)
        challenge = await seeking.find(token, host)
        if challenge is None:
            await routes(request, send)
            return
        fields = {"name": host, "remote_ip": (request.scope.get("client") or ("",))[0]}
        log.info("answered the challenge http-01", extra={"fields": fields})
        await respond(send, 200, _HEADERS, challenge.key_authorization.encode())

    return run


class _Seeking:
    """Seeks challenges by their host, not too many at once."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._count = 0

    async def find(self, token: str, host: str) -> Challenge | None:
        """Return the challenge that has this token and this host."""
        fit = _TOKEN.fullmatch(token) and len(host) <= _LONGEST_NAME and qualifies(host)
        if not fit or self._count >= _AT_ONCE:
            return None
        self._count += 1
        try:
            async with asyncio.timeout(_PATIENCE):
                challenge = await self._ring.seek_token(host)
        except TimeoutError:
            return None
        finally:
            self._count -= 1
        if challenge is None or challenge.name != host:
            return None
        same = hmac.compare_digest(challenge.token.encode(), token.encode())
        return challenge if same else None
