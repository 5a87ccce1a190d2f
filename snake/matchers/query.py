"""query: match by the parameters of the query.

Syntax::

    query <name>=<value>...

Every name must be there with one of the values given for it; the value `*` is
any. Placeholders may be used on both sides. `query ""` matches an empty query. A
query that is malformed (a bad escape, a semicolon) does not match.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from snake.http.parameters import parse_query
from snake.http.uri import unescape
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
)

Fill = Callable[[Request], str]


class Query(MatcherModule):
    """The JSON of `http.matchers.query`: `{"page": ["1", "2"], "q": ["*"]}`."""

    id = "http.matchers.query"
    bare = "parameters"
    call = MAP

    parameters: dict[str, tuple[str, ...]] = {}

    async def provision(self, ctx: Context) -> Matcher:
        """Compile the placeholders."""
        del ctx
        if not self.parameters:
            return lambda request: not (request.query and parse_query(_text(request)))
        wanted = [
            (Template(name).all, [Template(value).all for value in values])
            for name, values in self.parameters.items()
        ]
        return partial(_match, wanted)


def _match(wanted: Sequence[tuple[Fill, Sequence[Fill]]], request: Request) -> bool:
    query = _text(request)
    if not query or ";" in query or unescape(query) is None:
        return False
    given = parse_query(query)
    for name, values in wanted:
        found = given.get(name(request))
        if found is None:
            return False
        if not any((value := fill(request)) == "*" or value in found for fill in values):
            return False
    return True


def _text(request: Request) -> str:
    return request.query.decode("utf-8", "surrogateescape")


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> Query:
    """Read `query` lines; their parameters add up."""
    del name, scope
    parameters: dict[str, tuple[str, ...]] = {}
    for line in each_line(lines):
        for word in line.all():
            key, equals, value = word.text.partition("=")
            if not equals and word.text:
                word.fail(f"malformed query matcher token: {word}; must be in param=val format")
            if equals:
                parameters[key] = (*parameters.get(key, ()), value)
    return Query(parameters=parameters)


matcher = MatcherSyntax("query", parse)
