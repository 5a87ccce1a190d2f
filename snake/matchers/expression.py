"""expression: match by an expression in CEL, the Common Expression Language.

Syntax::

    expression <expression...>

An expression in quotes or backticks may stand alone, without the name:
`@old {path} == "/old"` in backticks. Placeholders are values; they are compared
with `==`, `!=`, `<`, `<=`, `>`, `>=` and `in [...]`, joined with `&&`, `||` and `!`,
grouped with parentheses. Other parts of CEL are refused when the config is
loaded.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from snake.http.expression import ExpressionError, compile_expression
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
        text = self.expression if isinstance(self.expression, str) else self.expression.expr
        try:
            return compile_expression(text)
        except ExpressionError as error:
            raise ctx.fail(str(error)) from None


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
