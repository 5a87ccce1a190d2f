"""The syntax of response matchers, for the directives that take one: `match status 2xx 404`."""

from __future__ import annotations

from snake.http.response_matcher import ResponseMatcher
from snake.matchers.header import Values, read_field
from snake.plugin import Segment


def read_response_match(line: Segment) -> ResponseMatcher:
    """Read `match status <code...>`, `match header <field> <value>`, or a block of such lines."""
    codes: list[int] | None = None
    headers: dict[str, Values] | None = None
    inline = [Segment(line.args, None)] if line.args else []
    for each in [*inline, *line.lines]:
        match each.name:
            case "status":
                codes = [*(codes or ()), *_codes(each)]
            case "header":
                headers = headers or {}
                headers |= read_field(each, headers)
            case _:
                each.fail(
                    f"unrecognized response matcher: {each.name}",
                    "a response is matched by status or header",
                )
    return ResponseMatcher(status_code=None if codes is None else tuple(codes), headers=headers)


def _codes(line: Segment) -> list[int]:
    line.no_block()
    if not line.args:
        line.fail("status takes codes, like 404 or 5xx")
    codes = []
    for arg in line.args:
        text = arg.text[0] if len(arg.text) == 3 and arg.text.endswith("xx") else arg.text  # noqa: PLR2004
        if not (text.isascii() and text.isdecimal()):
            arg.fail(f"bad status value {arg}", "a status is a number, or a class like 5xx")
        codes.append(int(text))
    return codes
