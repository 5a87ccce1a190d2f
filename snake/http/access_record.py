"""The record of one request, which is gathered while it runs, and written at its end.

Nearly all records go to a log of JSON lines, and nearly all of what is in them was in others
before: so the JSON is made of parts that are kept, and no dictionary is made on the way. Any
other log reads it as the mapping that it is.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, Protocol

from snake.app.environ import PROTOCOLS
from snake.http.access_texts import SHORT, Texts, after_headers, encryption, host_of, short, written
from snake.http.handler import Message, Send
from snake.http.request import Request
from snake.http.response import declared_length
from snake.http.template import as_text
from snake.logs.app import Sink
from snake.logs.encoders import Prepared, number, to_json
from snake.tls.secured import SECURED
from snake.transport.asgi import NO_START, TARGET, Whole

USER = "http.auth.user.id"


class Log(Protocol):
    """Which loggers hear of a request."""

    def sinks(self, request: Request, host: bytes) -> Iterable[Sink]:
        """Return where its record goes."""
        ...

    def names(self, request: Request, host: bytes) -> Iterable[str]:
        """Return the names of those that hear of a failure; empty for the one without a name."""
        ...


class AccessRecord(Prepared):
    """The record of one request; its `send` as well, where that of the transport notes nothing."""

    __slots__ = (
        "_asked",
        "_dict",
        "_log",
        "_noted",
        "_receive",
        "_request",
        "_send",
        "_target",
        "_texts",
        "duration",
        "read",
        "size",
        "start",
    )

    def __init__(
        self,
        request: Request,
        send: Send,
        texts: Texts,
        log: Log,
    ) -> None:
        scope = request.scope
        self._request = request
        self._send = send
        self._texts = texts
        self._log = log
        request.record = self
        # What handlers may change is taken now.
        asking = (
            scope["headers"],
            scope["method"],
            scope.get("client"),
            scope.get("http_version", ""),
            scope.get(SECURED),
        )
        asked = texts.asked.get(asking[2])
        if asked is None or asked.asking != asking:
            asked = texts.ask(asking)
        self._asked = asked
        query: bytes = scope["query_string"]
        self._target: bytes = scope.get(TARGET) or (
            b"%b?%b" % (scope["raw_path"], query) if query else scope["raw_path"]
        )
        self._dict: dict[str, Any] | None = None
        self._noted: Any = send

    def sender(self) -> Send:
        """Return the `send` to use where the transport's own does not note what is sent."""
        self._noted = self
        self._receive = self._request.receive
        self._request.receive = self.receive
        self.start = NO_START
        self.size = self.read = 0
        return self

    # What the request's way reports -------------------------------------------

    async def receive(self) -> Message:
        """Receive, with the bytes of the body counted."""
        message = await self._receive()
        self.read += len(message.get("body", b""))
        return message

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send a message on, with the status, the headers and the size noted."""
        kind = message["type"]
        if kind == "http.response.body":
            self.size += len(message.get("body", b""))
        elif kind == "http.response.start":
            self.start = message
        elif kind == "websocket.accept":
            self.start = {"status": 101}
        elif kind == "http.response.pathsend":
            self.size += declared_length(self.start.get("headers") or ())
        return self._send(message)

    def whole(self, start: Message, body: bytes) -> bool:
        """Send a whole response on at once, if that can be done."""
        whole: Whole | None = getattr(self._send, "whole", None)
        if whole is None or not whole(start, body):
            return False
        self.size += len(body)
        self.start = start
        return True

    # The record ---------------------------------------------------------------

    def ended(self) -> None:
        """Write the record; this no longer stands in the way of the request."""
        request, noted = self._request, self._noted
        self.duration = perf_counter() - request.started
        if noted is self:
            request.receive = self._receive
            self._noted = None
        else:
            self.start, self.size, self.read = noted.start, noted.size, noted.given
        request.record = None  # or each would hold the other until a collection
        level, message = logging.INFO, "handled request"
        if self.start.get("unanswered", False):
            # The status is the server's then, and the record has none.
            self.start = {**self.start, "status": 0}
            message = "NOP"
        elif self.start["status"] >= 500:  # noqa: PLR2004
            level = logging.ERROR
        asked = self._asked
        sinks = self._log.sinks(request, asked.host) if request.has_vars else asked.sinks
        for sink in sinks:
            sink.emit_prepared(level, message, self)

    def line(self, start: bytes, time: bytes, message: bytes) -> bytes:
        """Return the whole line of JSON, which begins with what is given."""
        request, answer, asked, size = self._request, self.start, self._asked, self.size
        target = self._target
        if request.log_fields:
            return b"%b%b%b,%b\n" % (start, time, message, to_json(self._made())[1:])
        status = answer["status"]
        answering = status, answer.get("headers") or (), answer.get("server_header") is not False
        answered = self._texts.answered.get((status, size))
        if answered is None or answered[0] != answering:
            answered = self._texts.answer(answering, size)
        before, after = asked.before, asked.after
        if request.arrival is not None or request.has_vars:
            before = to_json(request.client_ip).join(asked.around_address)
        if self.read or request.values is not None:
            after = after_headers(asked.headers, self.read, _user(request.values or {}))
        uri = short(target) if len(target) < SHORT else written(target)
        return b"".join(
            (start, time, message, before, uri, after, number(self.duration), answered[1])
        )

    # The record as a mapping --------------------------------------------------

    def _made(self) -> dict[str, Any]:
        if self._dict is None:
            start = self.start
            server = {} if start.get("server_header") is False else {"Server": ["snake"]}
            self._dict = {
                "request": self._request_fields(),
                "bytes_read": self.read,
                "user_id": as_text((self._request.values or {}).get(USER)),
                "duration": self.duration,
                "size": self.size,
                "status": start["status"],
                "resp_headers": server | self._texts.readable(start.get("headers") or ()),
                **(self._request.log_fields or {}),
            }
        return self._dict

    def _request_fields(self) -> dict[str, Any]:
        headers, method, *_ = self._asked.asking
        return _asked(self._request, method, headers, self._target, self._texts)

    def failed(self) -> tuple[Iterable[str], dict[str, Any]]:
        """Return the names of the loggers that hear of a failure, and what they are told."""
        request = self._request
        fields = {
            "request": self._request_fields(),
            "duration": perf_counter() - request.started,
        }
        return self._log.names(request, self._asked.host), fields

    def __getitem__(self, name: str) -> object:
        return self._made()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())


def failed(request: Request) -> dict[str, Any]:
    """Return what is told of a request that fails on a server without an access log."""
    scope = request.scope
    target = request.target.encode("utf-8", "surrogateescape")
    method = request.method if request.original is None else request.original.method
    return {
        "request": _asked(request, method, scope["headers"], target, _REDACTED),
        "duration": perf_counter() - request.started,
    }


_REDACTED = Texts(show_secrets=False)


def _asked(
    request: Request,
    method: str,
    headers: Sequence[tuple[bytes, bytes]],
    target: bytes,
    texts: Texts,
) -> dict[str, Any]:
    """Return the field `request` of a record."""
    scope = request.scope
    client = scope.get("client") or ("", "")
    fields: dict[str, Any] = {
        "remote_ip": client[0],
        "remote_port": str(client[1]),
        "client_ip": request.client_ip,
        "proto": PROTOCOLS.get(scope.get("http_version", ""), "HTTP/1.1"),
        "method": method,
        "host": host_of(headers).decode("utf-8", "surrogateescape"),
        "uri": target.decode("utf-8", "surrogateescape"),
        "headers": texts.readable(each for each in headers if each[0] != b"host"),
    }
    if SECURED in scope:
        fields["tls"] = encryption(scope[SECURED])
    return fields


def _user(values: Mapping[str, Any]) -> bytes:
    return to_json(as_text(values.get(USER)))
