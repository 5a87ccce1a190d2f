"""Facts about queries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.http.parameters import encode_query, parse_query
from snake.http.query import compile_query, set_query
from snake.http.request import Request

TEXT = st.binary(max_size=10).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


def request(query: bytes, path: str = "/p") -> Request:
    """Return a request with a query."""
    scope = {"method": "GET", "path": path, "raw_path": path.encode(), "query_string": query}
    return Request(scope, None)  # type: ignore[arg-type]


@given(st.dictionaries(TEXT, st.lists(TEXT, min_size=1, max_size=3), max_size=4))
def test_writing_is_undone(values: dict[str, list[str]]) -> None:
    """What is written is read again, whatever the bytes of keys and values."""
    assert parse_query(encode_query(values)) == values


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("a=1&b&a=2", {"a": ["1", "2"], "b": [""]}),
        ("a=%zz&b;c=1&&d=1", {"d": ["1"]}),
        ("a+b=%2B", {"a b": ["+"]}),
        ("=x", {"": ["x"]}),
        ("", {}),
    ],
)
def test_reading(query: str, values: dict[str, list[str]]) -> None:
    """Pairs that are wrongly encoded, or that a semicolon is in, are left out."""
    assert parse_query(query) == values


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("a=1", "a=1"),
        ("a={http.request.uri.path}", "a=%2Fp"),
        ("{http.request.uri.query}&x=1", "q=%20&x=1"),
        ("x={http.request.uri.query}", "x=q%3D%2520"),
        ("{http.request.uri.query.none}&x", "x"),
        ("a&&b", "a&b"),
        ("a=b=c", "a=b=c"),
        ("", ""),
    ],
)
def test_template(template: str, expected: str) -> None:
    """Values are encoded, a whole query may stand for a key, and empty parts vanish."""
    assert compile_query(template)(request(b"q=%20")) == expected


def test_a_query_stays_on_its_line() -> None:
    """A byte that would end the request line is encoded."""
    changed = request(b"")
    set_query(changed, "a b\r\né")

    assert changed.query == b"a%20b%0D%0A\xc3\xa9"
