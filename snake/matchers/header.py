"""header: match by the header fields of the request.

Syntax::

    header <field> <value>
    header !<field>

Fields given more than once match with any of their values, different fields must
all match. A `*` at the start or end of a value stands for the rest; a lone `*` is
any value. `!` asks that the field is not there. `Host` is the host asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from snake.http.fields import canonical
from snake.http.wildcard import compile_wildcards, match_wildcard
from snake.matchers._lines import each_line
from snake.plugin import (
    MAP,
    Context,
    Matcher,
    MatcherModule,
    MatcherSyntax,
    Request,
    Scope,
    Segment,
    Template,
    Words,
)

Values = tuple[str, ...] | None


class Header(MatcherModule):
    """The JSON of `http.matchers.header`.

    A list of values: one must match. An empty list: the field must be there.
    `null`: it must not be.
    """

    id = "http.matchers.header"
    bare = "fields"
    call = MAP

    fields: dict[str, Values] = {}

    async def provision(self, ctx: Context) -> Matcher:
        """Compile every field's values."""
        del ctx
        tests = [_field(name, values) for name, values in self.fields.items()]
        match tests:
            case [only]:
                return only
            case _:
                return lambda request: all(test(request) for test in tests)


def _field(name: str, values: Values) -> Matcher:
    field = name.lower().encode("latin-1", "replace")
    if values is None:
        return lambda request: request.header(field) is None
    if not values:
        return lambda request: request.header(field) is not None
    templates = [Template(value) for value in values]
    matches = compile_wildcards(t.constant for t in templates if t.constant is not None)
    dynamic = [t.all for t in templates if t.constant is None]
    if dynamic:
        return partial(_match_dynamic, field, matches, dynamic)

    def match(request: Request) -> bool:
        return any(
            key == field and matches(value.decode("utf-8", "surrogateescape"))
            for key, value in request.headers
        )

    return match


def _match_dynamic(
    field: bytes,
    matches: Callable[[str], bool],
    dynamic: Sequence[Callable[[Request], str]],
    request: Request,
) -> bool:
    given = request.header_values(field)
    if any(matches(value) for value in given):
        return True
    wanted = [fill(request) for fill in dynamic]
    return any(match_wildcard(pattern, value) for pattern in wanted for value in given)


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> Header:
    """Read `header` lines."""
    del name, scope
    return Header(fields=read_fields(lines, {}))


def read_fields(lines: Sequence[Segment], fields: Mapping[str, Values]) -> dict[str, Values]:
    """Read `header` lines, here or in a response matcher, and add them to the fields read so far.

    Values for one field add up.
    """
    read = dict(fields)
    for line in each_line(lines):
        key, value = _read(line)
        read[key] = None if value is None else (*(read.get(key) or ()), value)
    return read


def _read(words: Words) -> tuple[str, str | None]:
    """Read a field and its value; it has none when the field must not be there."""
    field = words.take("a field and a value: malformed header matcher: expected field")
    if field.text == "!":
        field.fail("malformed header matcher: must have field name following ! character")
    if not field.text.startswith("!"):
        value = words.take("a value: malformed header matcher: expected both field and value")
        return canonical(field.text), value.text
    for word in words.all():
        word.fail("malformed header matcher: null matching headers cannot have a field value")
    return field.text[1:], None


matcher = MatcherSyntax("header", parse)
