"""tracing: take part in traces, and send spans by OpenTelemetry.

Syntax::

    tracing [<matcher>] {
        span <name>
        span_attributes {
            <name> <value>
        }
    }

Each request is a span, whose name and attributes may have placeholders; it is `handler`
without one. It continues the trace that the request's headers tell of (`traceparent`),
and what follows is told in the same way: upstreams, apps, `{http.vars.trace_id}`,
`{http.vars.span_id}`, and the access log.

Where spans go to is said in the environment (`OTEL_EXPORTER_OTLP_ENDPOINT` and others).
They need packages of OpenTelemetry: `pip install "snake-server[tracing]"`.
"""

from __future__ import annotations

from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerModule,
    Scope,
    Segment,
    Template,
    subdirectives,
)

DEFAULT_NAME = "handler"


class Tracing(HandlerModule):
    """The JSON of `http.handlers.tracing`."""

    id = "http.handlers.tracing"

    span: str | None = None
    """The Caddyfile writes it always, even if it is empty."""
    span_attributes: dict[str, str] = {}

    async def provision(self, ctx: Context) -> Handler:
        """Open the way to where spans go."""
        # Only here: to adapt a Caddyfile needs no asyncio.
        from snake.tracing.provider import Tracers, propagator  # noqa: PLC0415

        headers = propagator(ctx)
        tracer = await ctx.shared(Tracers).tracer(ctx)
        # It needs the packages, which have been found by now.
        from snake.tracing.spans import Spans  # noqa: PLC0415

        name = Template(self.span or DEFAULT_NAME).all
        attributes = {key: Template(text).all for key, text in self.span_attributes.items()}
        return Spans(tracer, headers, name, attributes)


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
