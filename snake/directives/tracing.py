"""tracing: take part in traces, and send spans by OpenTelemetry.

Syntax::

    tracing [<matcher>] {
        span <name>
        span_attributes {
            <name> <value>
        }
    }

Where spans go to is said in the environment (`OTEL_EXPORTER_OTLP_ENDPOINT` and others).
"""

from __future__ import annotations

from snake.plugin import Directive, HandlerModule, Scope, Segment, subdirectives


class Tracing(HandlerModule):
    """The JSON of `http.handlers.tracing`."""

    id = "http.handlers.tracing"

    span: str | None = None
    """The Caddyfile writes it always, even if it is empty."""
    span_attributes: dict[str, str] = {}


def parse(line: Segment, scope: Scope) -> Tracing:
    """Read a `tracing` line."""
    del scope
    line.flag()
    span = ""
    attributes: dict[str, str] = {}
    for words in subdirectives(line, ("span", "span_attributes")):
        if words.name == "span":
            span = words.only("one name").text
        else:
            attributes |= dict(map(_attribute, words.block().lines))
    return Tracing(span=span, span_attributes=attributes)


def _attribute(line: Segment) -> tuple[str, str]:
    line.no_block()
    return line.name, line.arg()


directive = Directive("tracing", parse)
