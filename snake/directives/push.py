"""push: name resources that the client will ask for; nothing is sent ahead of its asking.

Syntax::

    push [<matcher>] [<resource>] {
        [GET | HEAD] <resource>
        headers {
            [+]<field> [<value> | <regexp> <replacement>]
            -<field>
        }
    }

It is read as Caddy reads it, and does nothing: pushing was a part of HTTP/2 that browsers
take no more, and no other protocol has it. `header Link` names resources to browsers.
"""

from __future__ import annotations

from collections.abc import Awaitable

from snake.core.regexp import RegexpError
from snake.directives.header import Operations
from snake.http.header_ops import HeaderOps
from snake.plugin import (
    Config,
    Context,
    Directive,
    Handler,
    HandlerModule,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    Words,
    unchecked,
    warn_of_rest,
)

METHODS = ("GET", "HEAD")


class Resource(Config):
    """What is pushed."""

    method: str = ""
    target: str = ""


class Push(HandlerModule):
    """The JSON of `http.handlers.push`."""

    id = "http.handlers.push"

    resources: tuple[Resource, ...] = ()
    headers: HeaderOps | None = None

    async def provision(self, ctx: Context) -> Handler:
        """Check the header operations."""
        if self.headers is not None:
            try:
                self.headers.compile()
            except RegexpError as error:
                raise ctx.at("headers", "replace").fail(str(error)) from None
        return _pass_on


def _pass_on(request: Request, send: Send, next: Next) -> Awaitable[None]:
    return next(request, send)


def parse(line: Segment, scope: Scope) -> Push:
    """Read a `push` line."""
    words = Words(line)
    resources = [Resource(target=words.take().text)] if words.has_arguments else []
    headers = Operations()
    for sub in unchecked(words.block()):
        if sub.name == "headers":
            sub.none()
            _read_headers(sub.block(), headers)
        elif sub.name in METHODS:
            target = sub.take("a resource").text
            resources.append(Resource(method=sub.name, target=target))
        else:
            resources.append(Resource(target=sub.name))
    warn_of_rest(words, scope)
    changed = headers.on_request() if headers != Operations() else None
    return Push(resources=tuple(resources), headers=changed)


def _read_headers(block: Segment, headers: Operations) -> None:
    for words in unchecked(block):
        if words.name.startswith("?"):
            words.token.fail(f"{words.name}: ? is for response headers only")
        headers.read((words.token, *words.all()))


directive = Directive("push", parse)
