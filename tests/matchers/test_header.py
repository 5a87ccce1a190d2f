"""The header matcher."""

from __future__ import annotations

from typing import Any

import pytest

from snake.caddyfile.errors import CaddyfileError
from tests.matchers.matching import matches
from tests.site import site


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"X-A": ["foobar"]}, True),
        ({"x-a": ["foobar"]}, True),
        ({"X-A": ["FOOBAR"]}, False),
        ({"X-A": ["foo*"]}, True),
        ({"X-A": ["*bar"]}, True),
        ({"X-A": ["*oba*"]}, True),
        ({"X-A": ["*"]}, True),
        ({"X-A": ["x", "foo*"]}, True),
        ({"X-A": ["x", "y*"]}, False),
        ({"X-A": []}, True),
        ({"X-B": []}, False),
        ({"X-A": None}, False),
        ({"X-B": None}, True),
        ({"X-A": ["*"], "X-B": ["*"]}, False),
        ({"X-A": ["*"], "X-B": None}, True),
        ({"Host": ["example.*"]}, True),
        ({"X-A": ["{http.request.method}*", "x"]}, False),
        ({"X-A": ["*{http.request.header.x-c}"]}, True),
    ],
)
async def test_fields_match(fields: dict[str, Any], *, expected: bool) -> None:
    """One value of each field must match; none listed asks that it is there, null that not."""
    headers = {"x-a": "foobar", "x-c": "bar"}

    assert await matches({"header": fields}, headers=headers) is expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("header", "expected field"),
        ("header A", "expected both field and value"),
        ("header A b c", "header takes a field and a value"),
        ("header !", "must have field name following !"),
        ("header !A b", "null matching headers cannot have a field value"),
    ],
)
def test_wrong_line_is_refused(line: str, message: str) -> None:
    """A line that is neither a field and a value nor a negated field has one clear error."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n@a {line}\nrespond @a x\n}}\n")
