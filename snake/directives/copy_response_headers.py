"""copy_response_headers: copy headers of an upstream's response, inside `handle_response`.

Syntax::

    copy_response_headers [<matcher>] {
        include <fields...>
        exclude <fields...>
    }

All fields are copied, or only those included, or all but those excluded.
"""

from __future__ import annotations

from collections import defaultdict

from snake.plugin import Directive, HandlerModule, Scope, Segment, Words, read_block


class CopyResponseHeaders(HandlerModule):
    """The JSON of `http.handlers.copy_response_headers`."""

    id = "http.handlers.copy_response_headers"

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


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
