"""The expression matcher: placeholders and matchers in CEL.

Of the language itself, see `tests/cel`.
"""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from snake.http.errors import HandlerError, PlainError
from tests.matchers.matching import matches, provisioned, request


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('{http.request.uri.path} == "/v"', True),
        ("{http.request.uri.path} != '/v'", False),
        ('{http.request.method} in ["GET", "HEAD"]', True),
        ("{http.request.method} in []", False),
        ('{http.request.uri.path}.startsWith("/v")', True),
        ("{http.vars.none} == null", True),
        ("{http.nobody.knows} == null", True),
        ('{http.request.header.none} == ""', True),
        ('{http.request.header.x-n} == "5" && {http.request.uri.path} == "/v"', True),
        ('ph(req, "http.request." + "method") == "GET"', True),
        (r'"\{http.request.method}".size() == 21', True),
        ('{http.request.duration} < duration("1h")', True),
        ('{time.now} > timestamp("2020-01-01T00:00:00Z")', True),
        ('path("/v*", "/w") && method("GET")', True),
        ('path("/" + {http.request.header.x-p})', True),
        ('header({"X-N": ["4", "5"]})', True),
        ('host("example.com") && !host("*.example.com")', True),
        ('remote_ip("127.0.0.0/8") && client_ip("127.0.0.1")', True),
        ('protocol("http") && !protocol("https")', True),
        ('query({"q": "1"})', False),
        ('vars({"{http.request.method}": "GET"})'.replace("{h", r"\{h"), True),
    ],
)
async def test_expression_is_evaluated(expression: str, *, expected: bool) -> None:
    """Placeholders are values, and matchers are functions."""
    headers = {"x-n": "5", "x-p": "v"}

    assert await matches({"expression": expression}, "/v", headers=headers) is expected


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
    """An expression may come with the name of its matcher, which its captures take."""
    match = await provisioned(expression={"expr": 'path_regexp("^/(.*)$")', "name": "a"})
    asked = request("/b")

    assert match(asked)
    assert asked.values is not None
    assert asked.values["http.regexp.a.1"] == "b"


async def test_what_has_no_value_fails_the_request() -> None:
    """A number and a text have no order: the request fails, and error routes know only the text."""
    match = await provisioned(expression="{http.request.method} < 1")

    with pytest.raises(PlainError, match="no such overload") as caught:
        match(request())
    assert caught.value.status == 500


async def test_matcher_that_refuses_fails_the_request() -> None:
    """What a matcher ends a request with is an error like any other, and may be void."""
    file = 'file({"root": "/none", "try_files": ["=410"]})'
    with pytest.raises(PlainError):
        await matches({"expression": file})

    assert await matches({"expression": f"{file} || true"})


async def test_bad_argument_from_a_request_fails_the_request() -> None:
    """A regular expression that a client sends may be none."""
    match = await provisioned(expression="path_regexp({http.request.header.x-re})")

    assert match(request("/abc", headers={"x-re": "b"}))
    assert not match(request("/abc", headers={"x-re": "x"}))
    with pytest.raises(PlainError, match="missing closing"):
        match(request("/abc", headers={"x-re": "("}))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 ==", "expected a value instead of the end of the expression at position 5"),
        ("{http.request.method} == 1 1", 'unexpected "1" at position 28'),
        ("{http.request.method} + 1", "is int; it has to be true or false"),
        ("{http.request.method}", "is any; it has to be true or false"),
        ('"text"', "is string; it has to be true or false"),
        (
            '{http.request.method} == "a" && 1',
            "expected type 'bool' but found 'int' at position 33",
        ),
        ('true && "{http.request.method}" == "x"', 'unexpected "http" at position 10'),
        ('path("/a", 1)', "matcher arguments must be string constants at position 12"),
        ("path()", r"path\(\) takes 1 or more strings at position 1"),
        ('protocol("a", "b")', r"protocol\(\) takes 1 string at position 1"),
        ('header("a")', r"header\(\) takes a map of strings"),
        ('header({1: "a"})', "map keys must be string literals at position 9"),
        ('header({"a": 1})', "map values must be string or list literals at position 14"),
        ('file({"nope": "a"})', 'unknown field "nope"'),
        ('remote_ip("nope")', "invalid IP range: 'nope'"),
        ('path_regexp("[")', "missing closing"),
        ('nope("a")', "undeclared reference to 'nope' at position 1"),
        ('not("a")', "undeclared reference to 'not' at position 1"),
        ("ph(1)", r"ph\(\) takes req and the name of a placeholder at position 1"),
        ("", "expected a value instead of the end of the expression at position 1"),
        ("(" * 5000, "nested too deep"),
        ('"open', "not closed"),
    ],
)
async def test_fault_has_a_place(expression: str, message: str) -> None:
    """What is no expression is refused, with its position in what was written."""
    with pytest.raises(ConfigError, match=message):
        await provisioned(expression=expression)
