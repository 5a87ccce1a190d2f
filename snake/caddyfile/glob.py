"""Glob patterns as Go's `filepath.Glob` reads them.

Python's own differ: in the order of what is found, in dotfiles, and in backslashes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator


class PatternError(ValueError):
    """A pattern that means nothing."""


def find_files(pattern: str) -> list[str]:
    """Return the paths that a pattern means, folder by folder in order.

    A path without wildcards means itself, if it exists. Raises `PatternError`.
    """
    if "\0" in pattern:
        return []
    if set(pattern).isdisjoint("*?[\\"):
        return [pattern] if os.path.lexists(pattern) else []
    folder, slash, name = pattern.rpartition("/")
    expression = _expression(name)
    folder = folder or slash or "."
    if set(folder).isdisjoint("*?[\\"):
        return list(_matching(folder, expression))
    return [path for each in find_files(folder) for path in _matching(each, expression)]


def _matching(folder: str, expression: re.Pattern[str]) -> Iterator[str]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return
    yield from (
        os.path.normpath(f"{folder}/{name}") for name in names if expression.fullmatch(name)
    )


def _expression(name: str) -> re.Pattern[str]:
    """Translate the pattern of one name; imports allow no classes in it."""
    parts: list[str] = []
    letters = iter(name)
    for letter in letters:
        if letter == "\\":
            escaped = next(letters, None)
            if escaped is None:
                raise PatternError(name)
            parts.append(re.escape(escaped))
        elif letter == "[":
            raise PatternError(name)
        else:
            parts.append({"*": ".*", "?": "."}.get(letter) or re.escape(letter))
    return re.compile("".join(parts), re.DOTALL)
