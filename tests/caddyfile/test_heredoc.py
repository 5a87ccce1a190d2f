"""Heredocs."""

from __future__ import annotations

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.tokens import lex


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<<E\na\nb\nE", "a\nb"),
        ("<<E\n\ta\n\t\tb\n\n\tc\n\tE", "a\n\tb\n\nc"),
        ("<<E\nE", ""),
        ("<<E\n\nE", ""),
        ("<<E\n   E", ""),
        ("<<E\r\n  a\r\n  E", "a"),
        ('<<a-b_1\n"quoted" \\n {x}\na-b_1', '"quoted" \\n {x}'),
    ],
)
def test_indentation_of_the_marker_is_taken_off(text: str, expected: str) -> None:
    """Every line loses what stands before the closing marker."""
    [[token]] = lex(text, "Caddyfile")

    assert token.text == expected
    assert token.quoted


def test_words_may_follow_the_closing_marker() -> None:
    """The line goes on behind the closing marker."""
    [line] = lex("respond <<E\nx\nE 200", "Caddyfile")

    assert [token.text for token in line] == ["respond", "x", "200"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a <<E\nx\n", 1, "incomplete heredoc <<E, expected ending marker E"),
        ("a <<\nx\n", 1, "missing opening heredoc marker"),
        ("a <<<E\nx\nE\n", 1, "too many '<' for a heredoc"),
        ("a <<E!\nx\nE!\n", 1, "got 'E!'"),
        ("a <<E\n\t\tx\n\ty\n\t\tE\n", 3, "mismatched leading whitespace in heredoc <<E"),
        ("a <<END\nx\nthe END is near\nEND", 2, "expected whitespace [the ]"),
    ],
)
def test_broken_heredoc_is_refused(text: str, line: int, message: str) -> None:
    """A heredoc that is none says why, at its line."""
    with pytest.raises(CaddyfileError) as raised:
        lex(text, "Caddyfile")

    assert message in raised.value.message
    assert raised.value.line == line
