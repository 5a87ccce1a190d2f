"""Facts about paths in their two forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.http.paths import escape_path
from snake.http.request import Request
from snake.http.uri import (
    change_path,
    escape_query,
    escape_segments,
    escaped_path,
    trim_prefix,
    trim_suffix,
    unescape,
)
from snake.transport.asgi import decode_path

BYTES = st.binary(max_size=40).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


def request(raw_path: bytes) -> Request:
    """Return a request for a path."""
    path = decode_path(raw_path)
    scope = {"method": "GET", "path": path, "raw_path": raw_path, "query_string": b""}
    return Request(scope, None)  # type: ignore[arg-type]


@given(BYTES)
def test_escaping_is_undone(text: str) -> None:
    """Every path, segment and query value survives encoding and decoding, whatever its bytes."""
    assert unescape(escape_path(text)) == text
    assert unescape(escape_segments(text)) == text
    assert unescape(escape_query(text), plus=True) == text


@pytest.mark.parametrize("text", ["%", "%4", "%zz", "a%2"])
def test_wrong_encoding(text: str) -> None:
    """A percent sign without two hexadecimal digits is no encoding."""
    assert unescape(text) is None


@pytest.mark.parametrize(
    ("raw", "escaped"),
    [
        (b"/a%2Fb!", "/a%2Fb!"),
        (b"/a\xc3\xa9", "/a%C3%A9"),
        (b'/a"b', "/a%22b"),
        (b"/[*]", "/[*]"),
    ],
)
def test_client_s_encoding_is_kept(raw: bytes, escaped: str) -> None:
    """A valid encoding is the path's; another is made anew from the decoded path."""
    assert escaped_path(request(raw)) == escaped


def test_both_forms_change_together() -> None:
    """The decoded path follows the encoded one, and a bad encoding is made anew."""
    changed = request(b"/a%2Fb")
    change_path(changed, lambda path: f"{path}/c%20d")
    assert (changed.raw_path, changed.path) == (b"/a%2Fb/c%20d", "/a/b/c d")

    change_path(changed, lambda _: "/100%")
    assert (changed.raw_path, changed.path) == (b"/100%25", "/100%")

    change_path(changed, lambda _: "")
    assert (changed.raw_path, changed.path) == (b"/", "/")


@pytest.mark.parametrize(
    ("path", "prefix", "rest"),
    [
        ("/API/x", "/api", "/x"),
        ("/%61pi", "/api", ""),
        ("/a%2Fb", "/a/", "b"),
        ("/a/b", "/a%2Fb", None),
        ("/a%2fb/c", "/a%2Fb", "/c"),
        ("/ap", "/api", None),
        ("/a%zz", "/a%z", "z"),
    ],
)
def test_trim_prefix(path: str, prefix: str, rest: str | None) -> None:
    """A prefix is compared decoded and without case, except where it is encoded itself."""
    assert trim_prefix(path, prefix) == rest


def test_trim_suffix() -> None:
    """A suffix is compared like a prefix, from the end."""
    assert trim_suffix("/a%2EPHP", ".php") == "/a"
    assert trim_suffix("/a.php/", ".php") is None
    assert trim_suffix("x", "longer") is None
