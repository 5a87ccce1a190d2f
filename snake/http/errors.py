"""HandlerError: how a handler says which status a request ends with."""

from __future__ import annotations

from http import HTTPStatus
from random import getrandbits

from snake.app.failure import place
from snake.transport.asgi import AbortError

__all__ = ["AbortError", "HandlerError", "PlainError", "status_text"]

_GO_PHRASES = {
    413: "Request Entity Too Large",
    414: "Request URI Too Long",
    416: "Requested Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
}
"""Where Go's phrases, and so Caddy's, are not those of (every version of) Python."""


def status_text(status: int) -> str:
    """Return the reason phrase of a status, or nothing when it has none."""
    if phrase := _GO_PHRASES.get(status):
        return phrase
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


class HandlerError(Exception):
    """A request failed with this status.

    Raised by handlers and matchers, turned into a response in `http/server.py`
    alone: by the error routes, or as a bare status. `message` is for the log and
    for `{http.error.message}`, never for the client by itself; the status's phrase
    unless given.
    """

    def __init__(self, status: int, message: str | None = None) -> None:
        self.status = status
        self.message = status_text(status) if message is None else message
        super().__init__(self.message)
        self.id = f"{getrandbits(45):09x}"[:9]
        """A short name for this failure, the same in the log and in `{http.error.id}`."""
        self.logged = False
        """Whether the log has it already, from those who know more of it."""
        self.place = ""
        """Where it happened, if that was in another process."""

    @property
    def trace(self) -> str:
        """Where in the code it was raised, or what caused it was: `{http.error.trace}`.

        The last place outside of snake, if there is one: an app that gives snake
        something wrong is told where it did so.
        """
        return self.place or place(self.__cause__ or self)


class PlainError(HandlerError):
    """A request failed with a 500, and there is no more to tell of it than a message.

    To error routes `{http.error}` is known, and no other placeholder of the error: not
    even the status, so that none of `handle_errors 500` is for it. So it is in Caddy
    with what an expression cannot evaluate.
    """

    def __init__(self, message: str) -> None:
        super().__init__(500, message)
