"""expression: match by an expression in CEL, the Common Expression Language.

Syntax::

    expression <expression...>

An expression in quotes or backticks may stand alone, without the name:
`@old {path} == "/old"` in backticks. Placeholders are values. Matchers are functions:
`path("/a*", "/b*")`, `method("GET")`, `host()`, `protocol()`, `remote_ip()`,
`client_ip()` of strings; `path_regexp()`, `header_regexp()`, `vars_regexp()` with the
name of the expression in front or without; `header({"A": "b"})`, `query()`, `vars()` of
maps; `file()` of paths or of a map; `url_pattern()`.

The language is CEL, with the extensions strings, lists, math and bindings of cel-go.
Messages (`google.protobuf.Duration{seconds: 1}`) are not available. Types are checked
when the config is loaded, and what is not true or false is refused. What cannot be
evaluated for a request (a text plus a number) fails it with a 500.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from snake.http.expression import compile_matcher
from snake.plugin import (
    Context,
    Matcher,
    MatcherModule,
    MatcherSyntax,
    Scope,
    Segment,
)


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An expression with the name that regular expressions in it take by default."""

    expr: str
    name: str = ""


class Expression(MatcherModule):
    """The JSON of `http.matchers.expression`: the text, or an object with a name."""

    id = "http.matchers.expression"
    bare = "expression"

    expression: str | Named

    async def provision(self, ctx: Context) -> Matcher:
        """Compile the expression."""
        given = self.expression
        named = Named(expr=given) if isinstance(given, str) else given
        return compile_matcher(ctx, named.expr, named.name)


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> Expression:
    """Read the first `expression` line; several words keep their quotes.

    Caddy looks at no block that follows.
    """
    del scope
    line = lines[0]
    if not line.args:
        line.fail("expression takes an expression")
    if len(line.args) > 1:
        return Expression(expression=" ".join(word.raw for word in line.args))
    text = line.args[0].text
    return Expression(expression=Named(expr=text, name=name) if name else text)


matcher = MatcherSyntax("expression", parse)
