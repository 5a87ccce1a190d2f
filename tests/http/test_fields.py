"""Facts about header fields as text and as bytes."""

from __future__ import annotations

import pytest

from snake.http.fields import canonical, field_name, field_value


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x-forwarded-for", "X-Forwarded-For"),
        ("ETAG", "Etag"),
        ("www-Authenticate", "Www-Authenticate"),
        ("x--y-", "X--Y-"),
        ("x_y", "X_y"),
        ("a b", "a b"),
        ("{name}-x", "{name}-x"),
        ("x:", "x:"),
        ("é", "é"),
        ("", ""),
    ],
)
def test_canonical(name: str, expected: str) -> None:
    """Names are written as Go writes them; what is no name stays as it is."""
    assert canonical(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("X-A", b"x-a"), ("a b", None), ("", None), ("a:", None), ("a\r", None), ("é", None)],
)
def test_name(text: str, expected: bytes | None) -> None:
    """A name is in lower case; a text that can be no name is none."""
    assert field_name(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" a b\t", b"a b"),
        ("a\r\nb: c\x00", b"a  b: c"),
        ("é", b"\xc3\xa9"),
        ("\udcff", b"\xff"),
    ],
)
def test_value(text: str, expected: bytes) -> None:
    """A value has no line break, no space around it, and keeps the bytes of a request."""
    assert field_value(text) == expected
