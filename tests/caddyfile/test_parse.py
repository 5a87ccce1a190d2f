"""Lines to segments."""

from __future__ import annotations

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.parse import parse
from snake.caddyfile.segments import Segment
from snake.caddyfile.tokens import lex


def read(text: str) -> tuple[Segment, ...]:
    """Parse text that has nothing to import."""
    return parse(lex(text, "Caddyfile"))


def test_lines_and_blocks_make_a_tree() -> None:
    """A line has words, and the lines in the braces it opens."""
    [site] = read("a b {\n\tc d {\n\t\te\n\t}\n\tf\n}\n")

    assert [word.text for word in site.words] == ["a", "b"]
    assert [line.name for line in site.lines] == ["c", "f"]
    assert [line.name for line in site.lines[0].lines] == ["e"]
    assert site.lines[1].block is None


def test_options_are_a_block_without_words() -> None:
    """The first braces, if nothing stands before them, are the global options."""
    options, site = read("{\n\tdebug\n}\na {\n}\n")

    assert options.words == ()
    assert [line.name for line in options.lines] == ["debug"]
    assert site.block == ()


def test_quoted_brace_is_a_word() -> None:
    """Only a bare brace opens or closes a block."""
    [site] = read('a {\n\tb "{" `}`\n}')

    assert site.lines[0].texts == ["{", "}"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a {\n\tb {\n\t}\n", 1, "the '{' that opens here is not closed"),
        ("a {\n\tb {\n", 2, "the '{' that opens here is not closed"),
        ("a {\n}\n}\n", 3, "unexpected '}' because no matching opening brace"),
        ("a {\n\tb\n\t{\n\t}\n}\n", 3, "unexpected '{' on a new line"),
        ("a {\n\tb { c\n\t}\n}\n", 2, "unexpected next token after '{' on same line"),
        ("a {\n\tb c }\n", 2, "unexpected '}' at the end of a line"),
        ("a {\n\tb {}\n}\n", 2, "unexpected '{}' at end of line"),
        ("a {\n\tb {\n\t} c\n}\n", 3, "unexpected 'c' after '}' on same line"),
        ("a {\n}\n{\n}\n", 3, "server block without any key is global configuration"),
        ("a { }\n", 1, "unexpected next token after '{' on same line"),
    ],
)
def test_broken_braces_are_refused(text: str, line: int, message: str) -> None:
    """A brace that is missing, or where it may not be, is named with its line."""
    with pytest.raises(CaddyfileError) as raised:
        read(text)

    assert message in raised.value.message
    assert raised.value.line == line


def test_glued_brace_is_pointed_at() -> None:
    """A closing brace that is one too many is blamed on the brace glued to a word before it."""
    with pytest.raises(CaddyfileError) as raised:
        read(":80{\n\trespond a\n}\n")

    assert "put a space between the token and the brace of ':80{'" in raised.value.hint
