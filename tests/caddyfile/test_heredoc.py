"""Heredocs."""

from __future__ import annotations

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.tokens import lex
from tests.caddyfile.sections import split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<<E\na\nb\nE", "a\nb"),
        ("<<E\n\ta\n\t\tb\n\n\tc\n\tE", "a\n\tb\n\nc"),
        ("<<E\nE", ""),
        ("<<E\n\nE", ""),
        ("<<E\n   E", ""),
        ("<<E\r\n  a\r\n  E", "a"),
        ("<\r<E\r1\n  a\r\n  E1", "a"),
        ('<<a-b_1\n"quoted" \\n {x}\na-b_1', '"quoted" \\n {x}'),
    ],
)
def test_indentation_of_the_marker_is_taken_off(text: str, expected: str) -> None:
    """Every line loses what stands before the closing marker."""
    [token] = lex(text, "Caddyfile")

    assert token.text == expected
    assert token.raw == expected
    assert token.quoted


def test_words_may_follow_the_closing_marker() -> None:
    """The line goes on behind the closing marker, even without a blank."""
    [line, below] = split(lex("respond <<E\nx\nE 200\ny <<E\nx\nE201", "Caddyfile"))

    assert [token.text for token in line] == ["respond", "x", "200"]
    assert [token.text for token in below] == ["y", "x", "201"]


def test_the_line_below_an_empty_heredoc_belongs_to_it() -> None:
    """Caddy counts one line too many for a heredoc without lines."""
    [line, below] = split(lex("a <<E\nE\nb\nc", "Caddyfile"))

    assert [token.text for token in line] == ["a", "", "b"]
    assert below[0].text == "c"


def test_a_heredoc_that_the_file_ends_with_is_nothing() -> None:
    """Behind the opening line, Caddy finds no word and no mistake."""
    assert [token.text for token in lex("a <<E\n", "Caddyfile")] == ["a"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a <<E\nx\n", 1, "incomplete heredoc <<E on line #3, expected ending marker E"),
        (
            "\na <<\nx\n",
            2,
            "missing opening heredoc marker on line #2; must contain only alphanumeric characters",
        ),
        ("a <<<E\nx\nE\n", 1, "too many '<' for heredoc on line #1; only use two, for example"),
        ("a <<E!\nx\nE!\n", 1, "heredoc marker on line #1 must contain only alphanumeric"),
        ("a <<E x\ny\n<<F\t\nF\n", 3, "underscores; got 'F\t'"),
        (
            "a <<E\n\t\tx\n\ty\n\t\tE\n",
            3,
            "heredoc <<E on line #3 [\ty], expected whitespace [\t\t] to match the closing marker",
        ),
        ("a <<END\nx\nthe END is near\nEND", 2, "expected whitespace [the ]"),
    ],
)
def test_broken_heredoc_is_refused(text: str, line: int, message: str) -> None:
    """A heredoc that is none says why, at its line."""
    with pytest.raises(CaddyfileError) as raised:
        lex(text, "Caddyfile")

    assert message in raised.value.message
    assert raised.value.line == line
