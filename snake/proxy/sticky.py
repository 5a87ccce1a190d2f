"""Sticky: a cookie that keeps a client at the backend that it was given first.

Source: Caddy's `CookieHashSelection`; the value is the HMAC-SHA256 of the backend's
address, so that a cookie of Caddy's is good here.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from snake.http.fields import field_name
from snake.proxy.backend import Backend
from snake.proxy.contract import Outgoing
from snake.proxy.selection import Select

SET_COOKIE = b"set-cookie"


class Sticky:
    """Chooses by a cookie; without one that is right, chooses another way and sets it."""

    def __init__(self, name: str, secret: str, max_age: int, fallback: Select) -> None:
        self._name = name
        self._key = secret.encode("utf-8", "surrogateescape")
        self._fallback = fallback
        self._lifetime = f"; Max-Age={max_age}" if max_age > 0 else ""

    def select(self, pool: Sequence[Backend], outgoing: Outgoing) -> Backend | None:
        """Return the backend of the cookie while it is available."""
        given = self._given(outgoing)
        if given is not None:
            for backend in pool:
                if backend.available and hmac.compare_digest(self._value(backend), given):
                    return backend
        chosen = self._fallback(pool, outgoing)
        if chosen is not None:
            self._set(chosen, outgoing)
        return chosen

    def _given(self, outgoing: Outgoing) -> bytes | None:
        name = self._name.encode("utf-8", "surrogateescape")
        for field, line in outgoing.fields:
            for pair in line.split(b";") if field == b"cookie" else ():
                cookie, equals, value = pair.strip().partition(b"=")
                if equals and cookie == name:
                    return value[1:-1] if value[:1] == value[-1:] == b'"' else value
        return None

    def _value(self, backend: Backend) -> bytes:
        address = backend.dial.encode("utf-8", "surrogateescape")
        return hmac.digest(self._key, address, "sha256").hex().encode()

    def _set(self, backend: Backend, outgoing: Outgoing) -> None:
        """Add the cookie to the response, in the place of one that an earlier attempt has added."""
        if field_name(self._name) is None:
            return
        ours = f"{self._name}=".encode()
        site = "; Secure; SameSite=None" if _encrypted(outgoing) else "; SameSite=Lax"
        cookie = f"; Path=/{self._lifetime}; HttpOnly{site}".encode()
        request = outgoing.request
        early = [
            field
            for field in request.early or ()
            if field[0] != SET_COOKIE or not field[1].startswith(ours)
        ]
        request.early = [*early, (SET_COOKIE, ours + self._value(backend) + cookie)]


def _encrypted(outgoing: Outgoing) -> bool:
    """Whether the client speaks HTTPS, to us or, as it says, to a proxy that we trust."""
    request = outgoing.request
    if request.scope.get("scheme") in ("https", "wss"):
        return True
    if not request.is_trusted_proxy:
        return False
    protos = [value for name, value in outgoing.fields if name == b"x-forwarded-proto"]
    return protos[-1:] == [b"https"]
