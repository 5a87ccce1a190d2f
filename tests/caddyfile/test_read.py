"""What is a site, a directive or a mistake."""

from __future__ import annotations

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.layout import MOST_NESTED
from snake.caddyfile.read import read
from tests.caddyfile.sections import lines


def test_lines_and_blocks_make_a_tree() -> None:
    """A line has words, and the lines in the braces it opens."""
    [site] = read("a b {\n\tc d {\n\t\te\n\t}\n\tf\n}\n", "Caddyfile").sections

    assert [word.text for word in site.keys] == ["a", "b"]
    assert [line.name for line in site.lines] == ["c", "f"]
    assert [line.name for line in site.lines[0].lines] == ["e"]
    assert site.lines[1].block is None


def test_options_are_a_section_without_keys() -> None:
    """The first braces, if nothing stands before them, are the global options."""
    options, site = read("{\n\tdebug\n}\na {\n}\n", "Caddyfile").sections

    assert options.keys == ()
    assert [line.name for line in options.lines] == ["debug"]
    assert site.lines == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a {\n\tb "{" `}`\n}', ["a:", "b { }"]),
        ("a\n{\n\tb\n}", ["a:", "b"]),
        ("a, b,\n\tc {\n\td\n}", ["a b c:", "d"]),
        ('"" , a , "" c {\n\tb\n}', ["a c:", "b"]),
        ("a", ["a:"]),
        ("(a)", ["(a):"]),
        ("a {\n\tb\n} c {\n\td\n}", ["a:", "b", "c:", "d"]),
        ("a { b\n}", ["a:", "b"]),
        ("a\nb\n}\nc {\nd\n}", ["a:", "b", "c:", "d"]),
        ("a {\n\tb {\n\t\tc\n\t}\n", ["a:", "b {", "c", "}"]),
        ("{\n}\n(s) {\n}\na {\n}\n{\n}", ["a:"]),
        ('""\na\nb', [":", "a", "b"]),
        ("# nothing", []),
    ],
)
def test_sections_are_told_apart(text: str, expected: list[str]) -> None:
    """Sites may do without braces, share lines, or leave the last brace out."""
    assert lines(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b {\nc }\nd", ["b {", "c }", "}", "d"]),
        ("b {\nc\n} d\ne", ["b {", "c", "d", "}", "e"]),
        ("b {\nc {\nd\n} }\ne", ["b {", "c {", "d", "}", "}", "}", "e"]),
        ("b {\nc {\nd\n} {\ne\n}\n}\nf", ["b {", "c {", "d", "{", "e", "}", "}", "}", "f"]),
        ("b {\nc {\n} d\n}", ["b {", "c {", "}", "d", "}"]),
        ("b {\n} c\nd", ["b {", "}", "d"]),
        ("b {} c", ["b {} c"]),
        ("b\n{} c\nd", ["b", "d"]),
        ("{ b\nc", ["{ b", "c"]),
    ],
)
def test_odd_braces_are_read_as_caddy_does(text: str, expected: list[str]) -> None:
    """A closing brace ends a block at the end of its line, and is a word or nothing elsewhere."""
    assert lines(f"a {{\n{text}\n}}") == ["a:", *expected]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "EOF"),
        ("a {\n\tb\n", 1, "syntax error: unexpected token 'b', expecting '}'"),
        ("a {\n\tb {\n", 2, "unexpected EOF: the '{' that opens here is not closed"),
        ("a {\n\tb\n\t{\n\t}\n}\n", 3, "Unexpected '{' on a new line; did you mean to place"),
        ("a {\n\tb { c\n\t}\n}\n", 2, "Unexpected next token after '{' on same line"),
        ("a {\n\tb c }\n", 2, "Unexpected '}' because no matching opening brace"),
        ("a {\n\tb {}\n}\n", 2, "Unexpected '{}' at end of line"),
        ("a, {\n}", 1, "Expected another address but had '{' - check for extra comma"),
        ("a,\n", 1, "unexpected EOF"),
        ("a{\n}", 1, "Site addresses cannot end with a curly brace: 'a{' - put a space between"),
        ("a,b {\n}", 1, "Site addresses cannot contain a comma ',': 'a,b' - put a space after"),
        ("@a {\n}", 1, "request matchers may not be defined globally, they must be in a site"),
        ("(a)\nb", 2, "syntax error: unexpected token 'b', expecting '{'"),
        ("(a)\nimport b", 2, "global options block must appear before import directives"),
        ("(a) {\n", 1, "is not closed"),
        ("&(a)\nb", 2, "syntax error: unexpected token 'b', expecting '{'"),
        ("a {\n" + "b {\n" * (MOST_NESTED + 1), MOST_NESTED + 2, "nested more than"),
        ("a {\nb {\nc {\n" + "x\n} c {\n" * MOST_NESTED + "}\n}\n}", 2 * MOST_NESTED + 2, "nested"),
    ],
)
def test_broken_structure_is_refused(text: str, line: int, message: str) -> None:
    """What is missing, or stands where it may not, is named with its line."""
    with pytest.raises(CaddyfileError) as raised:
        read(text, "Caddyfile")

    assert message in raised.value.message
    assert raised.value.line == line


def test_braces_that_are_glued_together_are_pointed_at() -> None:
    """Two braces without a blank between them are a word, and close nothing."""
    with pytest.raises(CaddyfileError) as raised:
        read("a {\n\tb {\n\t\tc\n}}\n", "Caddyfile")

    assert raised.value.hint.startswith("the '}}' of line 4 is a word")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&(n) {\na\n}", ["n:", "a"]),
        ("&(n) { a }", ["n:", "a }"]),
        ("&(n) { a { b\n}\n}", ["n:", "a {", "b", "}"]),
        ("&(n) { { a\n} b\n{ c\n}\n}", ["n:", "{ a", "b", "c"]),
        ("&(n) {\na {\n} b\n}", ["n:", "a {", "}", "b"]),
        ("&(n) &(m) {\na\n}", ["&(n) &(m):", "a"]),
        ("(s) {\nb\n}\n&(n) {\na {\nimport s\n}\n}", ["n:", "a {", "b", "}"]),
        ("(s) {\nb\n}\n&(n) {\nimport s {\nc\n}\n}", ["n:", "import s", "b"]),
        ("(s) {\nb\n}\n&(n) { import s\n}", ["n:", "import s"]),
        ('(s) {\n{args[0]}\nx {args[1]}\nb\n}\n&(n) {\nimport s "}" "{"\n}', ["n:", "b"]),
    ],
)
def test_named_routes_are_read_as_caddy_does(text: str, expected: list[str]) -> None:
    """The braces of a named route are counted before its imports are looked at."""
    assert lines(text) == expected


def test_a_named_route_takes_no_argument() -> None:
    """Nor does what an import puts behind its braces."""
    with pytest.raises(CaddyfileError, match="unexpected line ending after 'y'"):
        read('(s) {\n{args[0]}\nx y {args[1]}\nb\n}\n&(n) {\nimport s "}" "{"\n}', "Caddyfile")


def test_bytes_that_are_no_text_are_replaced() -> None:
    """Each variable's byte that is no UTF-8 becomes one replacement character."""
    assert read("a {\n\tb \udcff\n}", "Caddyfile").sections
