"""push: send resources before the client asks for them, by HTTP/2.

Syntax::

    push [<matcher>] [<resource>] {
        [GET | HEAD] <resource>
        headers {
            [+]<field> [<value> | <regexp> <replacement>]
            -<field>
        }
    }

Resources that the response names in a Link header are pushed too. `headers` changes the
headers of the requests that the server makes for them, as `request_header` does. Browsers
take no pushed resources any more.
"""

from __future__ import annotations

from snake.directives.header import Operations
from snake.http.header_ops import HeaderOps
from snake.plugin import (
    Config,
    Directive,
    HandlerModule,
    Scope,
    Segment,
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
