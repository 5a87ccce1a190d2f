"""Answers of the API, and the errors that are answers."""

from __future__ import annotations

from http import HTTPStatus

from snake.admin.gojson import encode
from snake.core.record import Record

Headers = tuple[tuple[str, str], ...]

JSON: Headers = (("Content-Type", "application/json"),)
TEXT: Headers = (
    ("Content-Type", "text/plain; charset=utf-8"),
    ("X-Content-Type-Options", "nosniff"),
)


class Answer(Record):
    """A whole response."""

    status: int = 200
    headers: Headers = ()
    body: bytes = b""


class APIError(Exception):
    """A request that is answered with `{"error": "…"}`, Caddy's form."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    @property
    def answer(self) -> Answer:
        """What the client gets."""
        return as_json({"error": self.message}, self.status)


def as_json(value: object, status: int = 200) -> Answer:
    """Answer with a value as JSON: on one line, as Go writes it."""
    return Answer(status, JSON, encode(value) + b"\n")


def as_text(text: str, status: int = 200) -> Answer:
    """Answer with plain text."""
    return Answer(status, TEXT, text.encode())


METHOD_NOT_ALLOWED = APIError(HTTPStatus.METHOD_NOT_ALLOWED, "method not allowed")
