"""Response: what a server answered, read with bounds."""

from __future__ import annotations

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from snake.core.errors import SnakeError
from snake.core.record import Record

_MOST_HEAD = 64 << 10
"""Bytes of all fields, those of interim responses included."""
_FINAL = 200
_NO_CONTENT = (204, 304)


class FetchError(SnakeError):
    """A server that could not be asked, or whose answer is none. It has no secrets of the URL."""


class Response(Record):
    """An answer, whole."""

    status: int
    fields: dict[str, str]
    """By name in lower case; of one that is there twice, the last."""
    body: bytes = b""


class Reading:
    """An answer that is being read. What comes is given to `feed`.

    Its body has `most` bytes at most; with 0 it is not read at all.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._parser = HttpResponseParser(self)
        self._head = 0
        self._fields: dict[str, str] = {}
        self._body = bytearray()
        self._begun = False
        self._done = False
        self._status = 0

    def feed(self, data: bytes) -> Response | None:
        """Take what came; return the answer once it is whole. Raises `FetchError`."""
        if not self._begun:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if isinstance(error.__context__, FetchError):
                raise error.__context__ from None
            if self._done:  # what follows the answer is no concern of ours
                return self._answer()
            raise FetchError("the server does not speak HTTP/1.1") from None
        if not self._begun and self._head > _MOST_HEAD:
            raise FetchError(f"the server's head is longer than {_MOST_HEAD >> 10} KiB")
        return self._answer() if self._done else None

    def end(self) -> Response:
        """Return the answer of which no more will come. Raises `FetchError`."""
        framed = "content-length" in self._fields or "transfer-encoding" in self._fields
        if not self._begun:
            raise FetchError("the server closed the connection without an answer")
        if framed:
            raise FetchError("the server closed the connection within its answer")
        return self._answer()

    def _answer(self) -> Response:
        return Response(self._status, self._fields, bytes(self._body))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field."""
        if not self._begun:
            self._fields[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Take the head; one that is interim is forgotten (RFC 9110 §15.2)."""
        if self._begun:
            return  # of what follows the answer
        self._status = self._parser.get_status_code()
        if self._status < _FINAL:
            self._fields = {}
        else:
            self._begun = True
            self._done = not self._most

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        if self._done:
            return
        if len(self._body) + len(data) > self._most:
            raise FetchError(f"the server's answer is longer than {self._most} bytes")
        self._body += data

    def on_message_complete(self) -> None:
        """Take the end."""
        self._done = self._done or self._begun
