"""Env files, as Caddy reads them."""

from __future__ import annotations

import pytest

from snake.cli.environment import parse
from snake.core.errors import SnakeError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1", {"A": "1"}),
        ("# comment\n\nA=1\n", {"A": "1"}),
        ("  A=1  ", {"A": "1"}),
        ("export A=b", {"A": "b"}),
        ("A=two words # comment", {"A": "two words"}),
        ('A="x y"', {"A": "x y"}),
        ("A='x'", {"A": "x"}),
        ('A="multi\nline"\nB=2', {"A": "multi\nline", "B": "2"}),
        ('A="say \\"hi\\""', {"A": 'say "hi"'}),
        ("A=", {"A": ""}),
        ("A=b=c", {"A": "b=c"}),
        ("A=1\nA=2", {"A": "2"}),
    ],
)
def test_lines_are_read_as_caddy_does(text: str, found: dict[str, str]) -> None:
    """Comments, quotes, `export` and values over several lines."""
    assert parse(text) == found


@pytest.mark.parametrize("text", ["A", "=x", "A B=c", "A= b", "OK=1\nA\tB"])
def test_a_wrong_line_is_named(text: str) -> None:
    """A line that is no NAME=VALUE is an error with its number."""
    with pytest.raises(SnakeError, match=rf"^f:{text.count(chr(10)) + 1}: "):
        parse(text, "f")
