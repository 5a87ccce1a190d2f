"""Trace: a record of each handler that a request comes to, where `logs` has `"trace": true`."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Any

import msgspec

from snake.http.handler import Handler, Linked, Next, Send, chain
from snake.http.request import Request

log = logging.getLogger("snake.http.log.trace")

_GUESTS = ("match", "handle")
"""What a route's record has not: each of them has one of its own."""


class Tracing:
    """What a server offers whose handlers are traced."""

    def traced(self, handler: Handler, raw: msgspec.Raw) -> Handler:
        """Return a handler that is logged whenever it runs, at level debug, as in Caddy."""
        fields: dict[str, Any] = msgspec.json.decode(raw)
        return _Traced(handler, fields.pop("handler", ""), _bare(fields))


class _Traced(Linked):
    def __init__(self, handler: Handler, name: str, fields: dict[str, Any]) -> None:
        self._handler = handler
        self._name = name
        self._extra = {"fields": {"module": fields}}

    def link(self, after: Next) -> Next:
        inner = chain(self._handler, after)

        def run(request: Request, send: Send) -> Awaitable[None]:
            log.debug(self._name, extra=self._extra)
            return inner(request, send)

        return run


def _bare(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a handler without what runs inside of it."""
    return {name: _without_guests(value) for name, value in fields.items()}


def _without_guests(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name: _without_guests(each) for name, each in value.items() if name not in _GUESTS}
    return [_without_guests(each) for each in value] if isinstance(value, list) else value
