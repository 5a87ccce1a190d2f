"""Response matchers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from snake.http.response_matcher import ResponseMatcher

HEADERS = [(b"content-type", b"text/html; charset=utf-8"), (b"x-a", b"one"), (b"x-a", b"two")]


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ({}, True),
        ({"status_code": [404]}, True),
        ({"status_code": [4]}, True),
        ({"status_code": [2, 5]}, False),
        ({"status_code": []}, False),
        ({"headers": {"Content-Type": ["text/*"]}}, True),
        ({"headers": {"Content-Type": ["*json*", "text/html"]}}, False),
        ({"headers": {"X-A": ["two"]}}, True),
        ({"headers": {"X-A": ["t*", "x"], "X-B": None}}, True),
        ({"headers": {"X-A": None}}, False),
        ({"headers": {"X-A": []}}, True),
        ({"headers": {"X-B": []}}, False),
        ({"status_code": [4], "headers": {"X-B": ["*"]}}, False),
    ],
)
def test_response_matches(matcher: dict[str, Any], *, expected: bool) -> None:
    """A status or its class must be listed, and every field must match."""
    assert msgspec.convert(matcher, ResponseMatcher).compile()(404, HEADERS) is expected
