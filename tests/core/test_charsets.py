"""Facts about the character classes that patterns name."""

from __future__ import annotations

import sys

from snake.core.charsets import PERL, POSIX, category, complement, written


def test_complement_of_complement_is_the_class() -> None:
    """Complementing twice gives the class back, for every named class."""
    for ranges in [*PERL.values(), *POSIX.values()]:
        kept = complement(complement(ranges))

        assert {c for a, b in kept for c in range(a, b + 1)} == {
            c for a, b in ranges for c in range(a, b + 1)
        }


def test_categories_are_unicode_s() -> None:
    """A category is found by one letter or two; an unknown name is no class."""
    assert category("Nd") is not None
    assert category("Any") == ((0, sys.maxunicode),)
    assert category("Greek") is None
    assert category("") is None


def test_punctuation_is_escaped_inside_brackets() -> None:
    """A class is written so that no character of it means anything to Python."""
    assert written(((0x2D, 0x2D), (0x61, 0x7A))) == r"\U0000002da-z"
