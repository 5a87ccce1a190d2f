"""The syntax of response matchers, for the directives that take one: `match status 2xx 404`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from snake.core.numbers import NumberError, integer
from snake.http.response_matcher import ResponseMatcher
from snake.matchers.header import Values, read_fields
from snake.plugin import Segment, Token


def read_response_match(line: Segment) -> ResponseMatcher:
    """Read `match status <code...>`, `match header <field> <value>`, or a block of such lines."""
    codes: list[int] | None = None
    headers: dict[str, Values] | None = None
    for each in _lines(line):
        match each.name:
            case "status":
                codes = [*(codes or ()), *_codes(each)]
            case "header":
                # Its parser is given the line alone, and sees no braces that hold nothing.
                headers = read_fields([replace(each, block=each.block or None)], headers or {})
            case _:
                each.fail(
                    f"unrecognized response matcher: {each.name}",
                    "a response is matched by status or header",
                )
    return ResponseMatcher(status_code=None if codes is None else tuple(codes), headers=headers)


def _lines(line: Segment) -> Iterator[Segment]:
    """Yield the matcher on the line, and those in the block, which belongs to a header on it."""
    if line.args and line.args[0].text == "header":
        yield Segment(line.args, line.block)
        return
    if line.args:
        yield Segment(line.args)
    yield from line.lines


def _codes(line: Segment) -> list[int]:
    line.no_block()
    if not line.args:
        line.fail("status takes codes, like 404 or 5xx")
    return [_code(arg) for arg in line.args]


def _code(word: Token) -> int:
    """Read a status, or a class, which is its first digit."""
    is_class = len(word.text) == 3 and word.text.endswith("xx")  # noqa: PLR2004
    try:
        return integer(word.text[0] if is_class else word.text)
    except NumberError:
        word.fail(f"bad status value {word}", "a status is a number, or a class like 5xx")
