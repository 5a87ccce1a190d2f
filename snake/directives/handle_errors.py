"""handle_errors: what answers when a handler fails.

Syntax::

    handle_errors [<code...>] {
        <directives...>
    }

Codes are statuses (404) or classes (5xx); without any, every error is handled
that no block with codes handles. Inside, `{err.status_code}`, `{err.status_text}`,
`{err.message}` and `{err.id}` tell what happened, the URI is what the client sent,
and `respond` and `file_server` answer with the error's status unless given one.
"""

from __future__ import annotations

import re

import msgspec

from snake.plugin import Directive, ErrorRouteValue, MatcherArg, Scope, Segment, Token

_NUMBER = re.compile(r"[+-]?[0-9]+")
STATUS = "{http.error.status_code}"


def parse(line: Segment, scope: Scope) -> ErrorRouteValue:
    """Read a `handle_errors` block."""
    expression = _expression(line.args)
    match = ({"expression": msgspec.Raw(msgspec.json.encode(expression))},) if expression else ()
    return ErrorRouteValue(scope.routes(line.directives), match)


def _expression(codes: tuple[Token, ...]) -> str:
    """Write the codes as an expression: classes first, then the single ones."""
    ranges, singles = [], []
    for code in codes:
        digits = code.text.removesuffix("xx")
        if len(code.text) != 3 or not _NUMBER.fullmatch(digits):  # noqa: PLR2004
            code.fail(
                f"handle_errors: bad status value {code}", "write a status, or a class like 5xx"
            )
        if digits != code.text:
            ranges.append(f"{STATUS} >= {digits}00 && {STATUS} <= {digits}99")
        else:
            singles.append(digits)
    if singles:
        ranges.append(f"{STATUS} in [{', '.join(singles)}]")
    return " || ".join(ranges)


directive = Directive("handle_errors", parse, matcher=MatcherArg.NONE)
