"""caddyfile.scalar."""

from __future__ import annotations

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.scalar import scalar
from snake.caddyfile.segments import Token


def word(text: str, *, quoted: bool = False) -> Token:
    """Return a word that stands somewhere."""
    return Token(text, "Caddyfile", 1, '"' if quoted else "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("007", 7),
        ("1.50", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("0x1p-2", 0.25),
        ("1_000", 1000.0),
        ("100000000000000000000", 1e20),
        ("true", True),
        ("T", True),
        ("f", False),
        ("False", False),
        ("tRUE", "tRUE"),
        ("1", 1),
        ("1x", "1x"),
        ("", ""),
        ("-", "-"),
        ("1e400", "1e400"),
    ],
)
def test_words_are_read_as_the_nearest_kind(text: str, value: object) -> None:
    """A whole number, else a number, else true or false, else text."""
    found = scalar(word(text))

    assert found == value
    assert isinstance(found, bool) == isinstance(value, bool)


def test_quoted_words_are_text() -> None:
    """Quotes keep a word what it is."""
    assert scalar(word("10", quoted=True)) == "10"


@pytest.mark.parametrize("text", ["inf", "-Infinity", "NaN"])
def test_what_json_cannot_write_is_refused(text: str) -> None:
    """Infinity is a number, and no JSON can have it."""
    with pytest.raises(CaddyfileError, match="is a number here"):
        scalar(word(text))
