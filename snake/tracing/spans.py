"""Spans: the handler of `tracing`, which makes one for each request.

The names of attributes are OpenTelemetry's for HTTP servers:
https://opentelemetry.io/docs/specs/semconv/http/http-spans/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    set_span_in_context,
)

from snake.core.hostport import split_port
from snake.http.errors import HandlerError
from snake.http.handler import Next, Send
from snake.http.request import Request
from snake.http.template import Fill
from snake.http.watch import Watch

if TYPE_CHECKING:
    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.trace import Tracer

_METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)
_SUCCESS, _FAILURE = 200, 500
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class Spans:
    """Makes a span of what follows, and tells upstreams and apps of it."""

    def __init__(
        self,
        tracer: Tracer,
        propagator: TextMapPropagator,
        name: Fill,
        attributes: Mapping[str, Fill],
    ) -> None:
        self._tracer = tracer
        self._propagator = propagator
        self._name = name
        self._attributes = attributes
        self._fields = frozenset(field.lower().encode() for field in propagator.fields)

    async def __call__(self, request: Request, send: Send, next: Next) -> None:
        """Run what follows within a span."""
        span = self._begin(request)
        watch = Watch(send)
        try:
            await next(request, watch)
        except HandlerError as error:
            watch.status = watch.status or error.status
            raise
        except Exception as error:
            span.record_exception(error)
            watch.status = watch.status or _FAILURE
            raise
        finally:
            self._end(span, request, watch)

    def _begin(self, request: Request) -> Span:
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in request.headers
            if name in self._fields
        }
        parent = self._propagator.extract(carrier)
        span = self._tracer.start_span(
            _text(self._name(request)), parent, SpanKind.SERVER, _described(request)
        )
        told: dict[str, str] = {}
        self._propagator.inject(told, set_span_in_context(span, parent))
        request.scope["headers"] = [
            *(field for field in request.headers if field[0] not in self._fields),
            *((name.lower().encode(), value.encode("latin-1")) for name, value in told.items()),
        ]
        context = span.get_span_context()
        if context.is_valid:
            ids = {"trace": f"{context.trace_id:032x}", "span": f"{context.span_id:016x}"}
            for name, id in ids.items():
                request.vars[f"{name}_id"] = id
                request.log_field(f"{name}ID", id)
        return span

    def _end(self, span: Span, request: Request, watch: Watch) -> None:
        if span.is_recording():
            for name, fill in self._attributes.items():
                span.set_attribute(name, _text(fill(request)))
            if watch.size:
                span.set_attribute("http.response.body.size", watch.size)
            span.set_attribute("http.response.status_code", watch.status or _SUCCESS)
            if watch.status >= _FAILURE:
                span.set_status(Status(StatusCode.ERROR))
        span.end()


def _described(request: Request) -> dict[str, str | int]:
    """Return the attributes that are known when the request comes."""
    scope = request.scope
    method = request.method
    host, port = split_port(request.hostport)
    address = scope.get("client") or ("", None)
    found: dict[str, str | int] = {
        "http.request.method": method if method in _METHODS else "_OTHER",
        "url.scheme": scope.get("scheme", "http"),
        "url.path": _text(request.path),
        "server.address": _text(host),
        "network.protocol.version": scope.get("http_version", "1.1"),
        "network.peer.address": address[0],
        "client.address": request.client_ip,
    }
    if method not in _METHODS:
        found["http.request.method_original"] = _text(method)
    if address[1] is not None:
        found["network.peer.port"] = address[1]
    if port.isdecimal() and port != _DEFAULT_PORTS.get(str(found["url.scheme"])):
        found["server.port"] = int(port)
    if agent := request.header(b"user-agent"):
        found["user_agent.original"] = _text(agent)
    return found


def _text(text: str) -> str:
    """Return a text that protobuf takes: it knows no bytes that are not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
