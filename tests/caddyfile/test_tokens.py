"""Text to tokens."""

from __future__ import annotations

import pytest

from snake.caddyfile.tokens import lex
from tests.caddyfile.sections import split


def words(text: str) -> list[list[str]]:
    """Return the words of each line."""
    return [[token.text for token in line] for line in split(lex(text, "Caddyfile"))]


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
        ('"a"#b\nc', [["a"], ["c"]]),
        ("a\r\nb\r\n", [["a"], ["b"]]),
        ("a\rb \r#c", [["ab"]]),
        ("\ufeffa", [["a"]]),
        ("a\u3000b\u00a0c", [["a", "b", "c"]]),
        ("a\x1cb\x1f \x1dc", [["a\x1cb\x1f", "\x1dc"]]),
        ("a {\n}", [["a", "{"], ["}"]]),
        ("", []),
    ],
)
def test_text_is_split_into_words(text: str, expected: list[list[str]]) -> None:
    """White space is Go's and separates words; quotes count at the start of one."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\\b \\\\ c\\\\", [["a\\b", "\\\\", "c\\\\"]]),
        ("a \\\n b\nc", [["a", "b"], ["c"]]),
        ("a\\\nb", [["a", "b"]]),
        ("a \\\r\nb", [["a", "b"]]),
        ("a \\ \t\nb", [["a", "b"]]),
        ("a\\ \nb", [["a"], ["b"]]),
        ("a\\ b", [["a", "b"]]),
        ("a \\ b", [["a", "\\b"]]),
        ("a \\ \\b", [["a", "\\\\b"]]),
        ('a \\"b c" d', [["a", "\\b c", "d"]]),
        ('\\""b" c', [['"b', "c"]]),
        ("\\`a b`", [["a b"]]),
        ("a # with \\ in it\nb\nc", [["a", "b"], ["c"]]),
        ("a \\#b\nc\nd", [["a", "c"], ["d"]]),
        ("a\\", [["a"]]),
        ("a \\", [["a"]]),
        ("a\\\r", [["a"]]),
        ("a\\\rb", [["a\\b"]]),
    ],
)
def test_a_backslash_is_for_what_comes_next(text: str, expected: list[list[str]]) -> None:
    """It joins lines, even from a comment; blanks behind it are skipped."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\\<<a <<b c", [["<<a", "<<b", "c"]]),
        ("a\\<b <\\<c", [["a<b", "<<c"]]),
        ("\\ <<a\nb", [["<<a"], ["b"]]),
        ("<< a", [["<<", "a"]]),
        ('<<a"\\#\tb c', [['<<a"\\#\tb', "c"]]),
        ("<<a", [["<<a"]]),
        ("a<<b\nc", [["a<<b"], ["c"]]),
    ],
)
def test_not_every_angle_begins_a_heredoc(text: str, expected: list[list[str]]) -> None:
    """`<<` is a word like any other behind a backslash, or when a blank ends it."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a "b\nc', [["a", "b\nc"]]),
        ("a `b\\", [["a", "b\\"]]),
        ('a "b\\', [["a", "b"]]),
        ('a "', [["a"]]),
        ('a "\\', [["a"]]),
        ('a \\"b', [["a", "\\b"]]),
    ],
)
def test_a_quote_may_stay_open(text: str, expected: list[list[str]]) -> None:
    """What nothing closes goes on to the end of the file, and counts as a bare word."""
    assert words(text) == expected
    assert not lex(text, "Caddyfile")[-1].quoted


def test_token_knows_its_place() -> None:
    """A token has its file, line and column, counted from 1, and the line as written."""
    token = lex('a\n\tb "c d"', "sites/x")[2]

    assert (token.file, token.line, token.column) == ("sites/x", 2, 4)
    assert token.source == '\tb "c d"'
    assert token.quoted
    assert token.raw == '"c d"'


def test_lines_are_counted_as_they_are_and_as_caddy_does() -> None:
    """Rows tell what stands on one line: what goes on behind a backslash is in the same row."""
    tokens = lex('a \\\nb\n"c\nd" e\nf', "Caddyfile")

    assert [token.line for token in tokens] == [1, 2, 3, 4, 5]
    assert [token.row for token in tokens] == [1, 1, 3, 4, 5]


def test_a_continued_line_is_counted_too_late() -> None:
    """What follows quoted line breaks behind a continued line is on a new line, says Caddy."""
    assert words('a \\\n"b\nc" d') == [["a", "b\nc"], ["d"]]
