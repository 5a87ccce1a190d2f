"""The nearest known name to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_BEGINNING = 4
"""How long a word must be to be taken for the beginning of another."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean "x"?`, or nothing when no known name is near."""
    names = sorted(known)
    begun = [name for name in names if name.startswith(word)] if len(word) >= _BEGINNING else []
    near = begun or get_close_matches(word, names, n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""
