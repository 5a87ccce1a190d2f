"""HandlerError: how a handler says which status a request ends with."""

from __future__ import annotations

from http import HTTPStatus


def status_text(status: int) -> str:
    """Return the reason phrase of a status, or nothing when it has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


class HandlerError(Exception):
    """A request failed with this status.

    Raised by handlers and matchers, turned into a response in `http/server.py`
    alone: by the error routes, or as a bare status. `message` is for the log and
    for `{http.error.message}`, never for the client by itself.
    """

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message or status_text(status))
        self.status = status
        self.message = message or status_text(status)


class AbortError(Exception):
    """Close the connection and answer nothing."""
