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
from snake.plugin import Directive, Scope, Segment


def parse(line: Segment, scope: Scope) -> Headers:
    """Read a `request_header` line."""
    del scope
    line.no_block()
    if not line.args:
        line.fail("request_header takes a field, and a value unless it begins with -")
    name = line.args[0].text.removesuffix(":")
    if name.startswith("?"):
        line.args[0].fail(
            f"{name}: the default header modifier ? is for response headers only",
            "use a matcher to change only the requests that lack the field",
        )
    operations = Operations()
    operations.read((replace(line.args[0], text=name), *line.args[1:]))
    return Headers(request=operations.on_request())


directive = Directive("request_header", parse)
