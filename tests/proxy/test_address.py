"""proxy.address."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.core.errors import SnakeError
from snake.proxy.address import read_upstream


@pytest.mark.parametrize(
    ("text", "dial"),
    [
        ("a", ["a:80"]),
        ("a:8080", ["a:8080"]),
        (":8080", [":8080"]),
        ("::1", ["[::1]:80"]),
        ("[::1]:8080", ["[::1]:8080"]),
        ("unix//run/a.sock", ["unix//run/a.sock"]),
        ("unix+h2c//run/a.sock", ["unix//run/a.sock"]),
        ("fd/3", ["fd/3"]),
        ("tcp4/a", ["tcp4/a:80"]),
        ("a:1-3", ["a:1", "a:2", "a:3"]),
        ("udp/a:1-2", ["a:1", "a:2"]),
        ("http://a", ["a:80"]),
        ("https://a", ["a:443"]),
        ("h2c://a", ["a:80"]),
        ("https://user@a:8443", ["a:8443"]),
        ("http://a-1:1-2", ["a-1:1", "a-1:2"]),
        ("{upstream}", ["{upstream}"]),
        ("{host}:80", ["{host}:80"]),
        ("a:{port}", ["a:{port}"]),
        ("a:{from}-{to}", ["a:{from}-{to}"]),
    ],
)
def test_upstream(text: str, dial: list[str]) -> None:
    """An upstream is dialled at its port, that of its scheme, or at all ports of a range."""
    assert [*read_upstream(text).each()] == dial


@pytest.mark.parametrize(
    ("text", "scheme"),
    [("a:443", ""), ("https://a", "https"), ("HTTP://a", "http"), ("unix+h2c//a", "h2c")],
)
def test_scheme(text: str, scheme: str) -> None:
    """The scheme is the one that is written; a port tells none."""
    assert read_upstream(text).scheme == scheme


def test_odd_upstreams() -> None:
    """Where Caddy takes apart what it did not mean to, so do we."""
    assert [*read_upstream("a:80/foo").each()] == ["a:80/foo:80"]
    assert [*read_upstream("http://a:1-2/foo").each()] == ["foo:0"]
    assert [*read_upstream("http:a://").each()] == [":80"]


@given(st.text())
def test_any_text(text: str) -> None:
    """Any text is addresses, or is refused."""
    with suppress(SnakeError):
        assert all([*read_upstream(text).each()])
