"""RefusedError: a request that gets a bare status, and the end of its connection."""

from __future__ import annotations

from http import HTTPStatus


class RefusedError(Exception):
    """The bytes of a client are no request that this server takes.

    `status` is what the client is told, `detail` adds a few words. After a refusal nothing more
    is read from the connection: where its next request would begin is not known (RFC 9112 §11.2).
    """

    def __init__(self, status: int, detail: str = "") -> None:
        super().__init__(f"{status} {detail}")
        self.status = status
        self.detail = detail


def refusal(error: RefusedError) -> bytes:
    """Return the whole response to a refused request, in the form that Caddy gives it."""
    phrase = HTTPStatus(error.status).phrase
    text = f"{error.status} {phrase}{': ' if error.detail else ''}{error.detail}"
    return (
        f"HTTP/1.1 {error.status} {phrase}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(text)}\r\n"
        "Connection: close\r\n\r\n"
        f"{text}"
    ).encode()
