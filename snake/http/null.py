"""NULL: the value of a placeholder that is known and has none."""

from __future__ import annotations


class Null(str):
    """Empty as text, `null` in a log."""

    __slots__ = ()


NULL = Null()
