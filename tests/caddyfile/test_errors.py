"""How a mistake in a Caddyfile reads."""

from __future__ import annotations

from snake.caddyfile.errors import CaddyfileError, CaddyfileWarning
from snake.caddyfile.tokens import lex


def test_error_shows_place_line_caret_hint_and_imports() -> None:
    """An error has everything that is needed to find and mend it."""
    error = CaddyfileError(
        "no such word",
        "Caddyfile",
        3,
        column=4,
        width=2,
        source="\tb cd",
        hint="try ef",
        imports=["Caddyfile:9 (import x)"],
    )

    assert str(error).splitlines() == [
        "Caddyfile:3: no such word",
        "    \tb cd",
        "    \t  ^^",
        "try ef",
        "imported from Caddyfile:9 (import x)",
    ]


def test_long_line_is_cut_around_the_word() -> None:
    """Of a line that fills the screen, only what is around the word is shown."""
    text = f"{'x' * 5000} here {'y' * 5000}"
    [_, word, _] = lex(text, "Caddyfile")

    try:
        word.fail("wrong")
    except CaddyfileError as error:
        _, shown, carets = str(error).splitlines()

    assert len(shown) < 200
    assert shown[carets.index("^") :].startswith("here")
    assert carets.count("^") == 4


def test_warning_reads_like_an_error() -> None:
    """A warning begins with its place too, and names its directive if it has one."""
    assert str(CaddyfileWarning("a", 1, "import", "odd")) == "a:1: import: odd"
    assert str(CaddyfileWarning("a", 1, "", "odd")) == "a:1: odd"


def test_wide_and_combining_characters_keep_the_caret_in_place() -> None:
    """The caret counts columns, not characters, and goes under the quotes as well."""
    [_, text, word] = lex('x "日本e\u0301" y', "Caddyfile")

    assert str(text.error("wrong")).splitlines()[2] == "      ^^^^^^^"
    assert str(word.error("wrong")).splitlines()[2] == f"    {' ' * 10}^"
