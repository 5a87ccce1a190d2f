"""visitor_ip: tell visitors their own address, in a response header.

Syntax::

    visitor_ip [<header>]

The header is `Visitor-IP` if none is given.
"""

from __future__ import annotations

import re

from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerModule,
    Message,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    on_start,
)

TOKEN = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
"""A field name (RFC 9110, section 5.6.2)."""


class VisitorIP(HandlerModule):
    """The JSON of `http.handlers.visitor_ip`."""

    id = "http.handlers.visitor_ip"

    header: str = "Visitor-IP"

    async def provision(self, ctx: Context) -> Handler:
        """Check and encode the name now, so that a request only adds the header."""
        if not TOKEN.fullmatch(self.header):
            raise ctx.at("header").fail(f"not a header name: {self.header!r}")
        name = self.header.lower().encode()

        async def visitor_ip(request: Request, send: Send, next: Next) -> None:
            address, _port = request.scope["client"]

            def add(message: Message) -> None:
                message["headers"].append((name, address.encode()))

            await next(request, on_start(send, add))

        return visitor_ip


def parse(line: Segment, scope: Scope) -> VisitorIP:
    """Read a `visitor_ip` line."""
    del scope
    line.no_block()
    if len(line.args) > 1:
        line.args[1].fail("visitor_ip takes one header name at most")
    return VisitorIP(header=line.arg()) if line.args else VisitorIP()


directive = Directive("visitor_ip", parse, after="header")
