"""Text to tokens."""

from __future__ import annotations

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.tokens import lex


def words(text: str) -> list[list[str]]:
    """Return the words of each line."""
    return [[token.text for token in line] for line in lex(text, "Caddyfile")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b\tc", [["a", "b", "c"]]),
        ("a\n\n  \n b", [["a"], ["b"]]),
        ('"a b" c', [["a b", "c"]]),
        (r'"a \"b\" \n \\"', [[r'a "b" \n \\']]),
        ('`a \\ "b`c', [['a \\ "b', "c"]]),
        ('a"b" c`d', [['a"b"', "c`d"]]),
        ('""', [[""]]),
        ('"a\nb" c\nd', [["a\nb", "c"], ["d"]]),
        ("a # b\nc#d", [["a"], ["c#d"]]),
        ("a \\\n b\nc", [["a", "b"], ["c"]]),
        ("a\\\nb", [["a", "b"]]),
        ("a\\b \\\\ c\\\\", [["a\\b", "\\\\", "c\\\\"]]),
        ("a\r\nb\r\n", [["a"], ["b"]]),
        ("a\rb", [["ab"]]),
        ("\ufeffa", [["a"]]),
        ("a\u3000b\u00a0c", [["a", "b", "c"]]),
        ("a {\n}", [["a", "{"], ["}"]]),
        ("\\<<a <<b c", [["<<a", "<<b", "c"]]),
        ("a # with \\ in it\nb\nc", [["a", "b"], ["c"]]),
        ("", []),
    ],
)
def test_text_is_split_into_words(text: str, expected: list[list[str]]) -> None:
    """White space separates words; quotes, escapes and continued lines are Caddy's."""
    assert words(text) == expected


def test_token_knows_its_place() -> None:
    """A token has its file, line and column, counted from 1, and the line as written."""
    token = lex('a\n\tb "c d"', "sites/x")[1][1]

    assert (token.file, token.line, token.column) == ("sites/x", 2, 4)
    assert token.source == '\tb "c d"'
    assert token.quoted


def test_lines_count_on_behind_a_continued_line() -> None:
    """A line that goes on, and quoted line breaks, count for what they are."""
    lines = lex('a \\\nb\n"c\nd" e\nf', "Caddyfile")

    assert [[token.line for token in line] for line in lines] == [[1, 2], [3, 4], [5]]


@pytest.mark.parametrize("quote", ['"', "`"])
def test_unclosed_quote_is_refused_where_it_opens(quote: str) -> None:
    """A quote that never closes is an error at the quote, not at the end of the file."""
    with pytest.raises(CaddyfileError, match="is not closed") as raised:
        lex(f"a\nb {quote}c\nd\n", "Caddyfile")

    assert (raised.value.line, raised.value.column) == (2, 3)
