"""request_header: set, add, remove or replace request headers.

Syntax::

    request_header [<matcher>] [+|-]<field> [<value> | <regexp> <replacement>]

What follows, apps too, sees the request as changed. Without a sign the field is
set, `+` adds another, `-` removes it (`*` at either end is any name). Changing
`Host` changes the host that the request is for. Placeholders work in names and
values.
"""

from __future__ import annotations

from msgspec.structs import replace

from snake.directives.header import Headers, Operations
from snake.plugin import Directive, Scope, Segment, Words, warn_of_rest


def parse(line: Segment, scope: Scope) -> Headers:
    """Read a `request_header` line."""
    words = Words(line)
    field = words.take("a field, and a value unless it begins with -")
    name = field.text.removesuffix(":")
    if name.startswith("?"):
        field.fail(
            f"{name}: the default header modifier ? is for response headers only",
            "use a matcher to change only the requests that lack the field",
        )
    operations = Operations()
    operations.read((replace(field, text=name), *words.all()))
    warn_of_rest(words, scope)
    return Headers(request=operations.on_request())


directive = Directive("request_header", parse)
