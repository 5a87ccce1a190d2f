"""copy_response_headers: copy headers of an upstream's response, inside `handle_response`.

Syntax::

    copy_response_headers [<matcher>] {
        include <fields...>
        exclude <fields...>
    }

All fields are copied, or only those included, or all but those excluded. Content-Length
never is: what answers has a length of its own, or copies it with the body.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable

from snake.http.fields import field_name
from snake.plugin import (
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
    read_block,
)
from snake.proxy.told import held_by


class CopyResponseHeaders(HandlerModule):
    """The JSON of `http.handlers.copy_response_headers`."""

    id = "http.handlers.copy_response_headers"

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> Handler:
        """Compile the names."""
        if self.include and self.exclude:
            raise ctx.fail("cannot define both 'exclude' and 'include' lists at the same time")
        copies = self._chosen()

        def copy_headers(request: Request, send: Send, next: Next) -> Awaitable[None]:
            held = held_by(request, "copy_response_headers")
            copied = [field for field in held.fields if copies(field[0])]
            request.early = [*(request.early or ()), *copied]
            return next(request, send)

        return copy_headers

    def _chosen(self) -> Callable[[bytes], bool]:
        names = {field_name(name) for name in self.include or self.exclude}
        if self.include:
            return (names - {b"content-length"}).__contains__
        names.add(b"content-length")
        return lambda name: name not in names


def parse(line: Segment, scope: Scope) -> CopyResponseHeaders:
    """Read a `copy_response_headers` block."""
    del scope
    line.flag()
    fields: dict[str, tuple[str, ...]] = defaultdict(tuple)

    def read(words: Words) -> None:
        fields[words.name] += tuple(word.text for word in words.all())

    read_block(line, {"include": read, "exclude": read})
    return CopyResponseHeaders(**fields)


directive = Directive("copy_response_headers", parse)
