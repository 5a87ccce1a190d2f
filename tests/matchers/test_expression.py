"""The expression matcher."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from snake.http.errors import HandlerError
from tests.matchers.matching import matches, provisioned, request


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('{http.request.uri.path} == "/v"', True),
        ("{http.request.uri.path} != '/v'", False),
        ('{http.request.method} in ["GET", "HEAD"]', True),
        ("{http.request.method} in []", False),
        ('!({http.request.method} == "GET")', False),
        ("!!true", True),
        ("true && (false || 1 < 2)", True),
        ("true || false && false", True),
        ("(true || false) && false", False),
        ("2 <= 2 && 3 >= 2 && -1 < 0", True),
        ('"a" < "b"', True),
        ('"1" == 1', False),
        ("1 == true", False),
        (r'"a\"b\n" == "a\"b\n"', True),
        ('{http.vars.none} == ""', True),
        ('{http.request.header.x-n} == "5" && {http.request.uri.path} == "/v"', True),
    ],
)
async def test_expression_is_evaluated(expression: str, *, expected: bool) -> None:
    """Comparisons, lists and logic mean what they mean in CEL."""
    asked = matches({"expression": expression}, "/v", headers={"x-n": "5"})

    assert await asked is expected


@pytest.mark.parametrize(
    ("status", "expected"), [(404, True), (403, False), (500, True), (599, True), (600, False)]
)
async def test_error_status_is_a_number(status: int, *, expected: bool) -> None:
    """The expression that `handle_errors 404 5xx` makes tells statuses apart."""
    code = "{http.error.status_code}"
    match = await provisioned(expression=f"{code} >= 500 && {code} <= 599 || {code} in [404]")
    asked = request()
    asked.error = HandlerError(status)

    assert match(asked) is expected


async def test_named_form_is_an_object() -> None:
    """An expression may come with the name of its matcher."""
    assert await matches({"expression": {"expr": "1 == 1", "name": "a"}})


async def test_order_of_different_kinds_is_an_error() -> None:
    """A number and a text have no order: the request fails with a 500, as in CEL."""
    match = await provisioned(expression="{http.request.method} < 1")

    with pytest.raises(HandlerError) as caught:
        match(request())
    assert caught.value.status == 500


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            '{http.request.uri.path}.startsWith("x")',
            'not available in expressions: "." at position 24',
        ),
        ('path("/x")', 'not available in expressions: "path" at position 1'),
        ("1 + 1 == 2", r'not available in expressions: "\+" at position 3'),
        ("1 ==", "expected a value instead of end at position 5"),
        ("(1 == 1", r'expected "\)" instead of end at position 8'),
        ("1 == 1 1", 'unexpected "1" at position 8'),
        ("1 in 1", r'expected "\[" instead of "1" at position 6'),
        ("{http.request.uri.path}", "has to be true or false"),
        ("1 && true", "only comparisons can be joined"),
        ("!1", "only a comparison can be negated"),
        ("", "expected a value instead of end at position 1"),
        ("(" * 5000, "nested too deep"),
        ("!" * 5000 + "true", "nested too deep"),
        ('"open', "not available"),
    ],
)
async def test_what_is_not_available_is_refused(expression: str, message: str) -> None:
    """Other parts of CEL, and what is none, are refused with their position."""
    with pytest.raises(ConfigError, match=message):
        await provisioned(expression=expression)
