"""RefusedError: a request that gets a bare status, and the end of its connection."""

from __future__ import annotations

from http import HTTPStatus


class RefusedError(Exception):
    """The bytes of a client are no request that this server takes.

    `status` is what the client is told, `detail` adds a few words. After a refusal nothing more
    is read from the connection: where its next request would begin is not known (RFC 9112 §11.2).
    """

    def __init__(self, status: int, detail: str = "", *, bare: bool = False) -> None:
        super().__init__(f"{status} {detail}")
        self.status = status
        self.detail = detail
        self.bare = bare
        """Whether the client is told nothing but the status."""


_BARE = frozenset({405, 417})
"""Statuses that Caddy and Go's server give without a text."""
_NOT_IMPLEMENTED = 501


def refusal(error: RefusedError) -> bytes:
    """Return the whole response to a refused request, in the form that Caddy gives it."""
    phrase = HTTPStatus(error.status).phrase
    text = _text(error, phrase)
    kind = "Content-Type: text/plain; charset=utf-8\r\n" if text else ""
    return (
        f"HTTP/1.1 {error.status} {phrase}\r\n{kind}"
        f"Content-Length: {len(text)}\r\n"
        "Connection: close\r\n\r\n"
        f"{text}"
    ).encode()


def _text(error: RefusedError, phrase: str) -> str:
    if error.bare or error.status in _BARE:
        return ""
    if error.status == _NOT_IMPLEMENTED:
        return error.detail.capitalize()
    return f"{error.status} {phrase}{': ' if error.detail else ''}{error.detail}"
