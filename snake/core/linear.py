"""Linear: searching in time that grows with the text and no faster, by RE2.

For the patterns over which Python would backtrack. The package google-re2 is an extra,
since there are systems without a wheel of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Span = tuple[int, int]
Find = Callable[..., list[Span]]
"""Returns the spans of a match and its groups, given where it may be and what is searched."""
_NOWHERE: Span = (-1, -1)
_NO_CHARACTER = re.compile("[\ud800-\udfff]")
"""Bytes that were no UTF-8; Go takes each for one character, U+FFFD."""


class LinearMatch:
    """What was found; like `re.Match`, as far as that is needed."""

    __slots__ = ("_names", "_spans", "_text")

    def __init__(self, text: str, spans: list[Span], names: Mapping[str, int]) -> None:
        self._text = text
        self._spans = spans
        self._names = names

    def __getitem__(self, group: int | str) -> str | None:
        """Return the text of a group; `None` if it took no part. Raises `IndexError`."""
        if isinstance(group, str):
            if group not in self._names:
                raise IndexError(group)
            group = self._names[group]
        first, end = self._spans[group]
        return None if first < 0 else self._text[first:end]

    def groups(self, default: str = "") -> tuple[str, ...]:
        """Return the texts of all groups."""
        found = (self[group] for group in range(1, len(self._spans)))
        return tuple(default if text is None else text for text in found)

    def groupdict(self, default: str = "") -> dict[str, str]:
        """Return the texts of the groups that have names."""
        return {name: default if (text := self[name]) is None else text for name in self._names}

    def start(self) -> int:
        """Return where it begins."""
        return self._spans[0][0]

    def end(self) -> int:
        """Return where it ends."""
        return self._spans[0][1]


class LinearPattern:
    """A pattern that RE2 searches for; like `re.Pattern`, as far as that is needed."""

    __slots__ = ("_anywhere", "_find", "_names")

    def __init__(self, find: Find, anywhere: object, names: Mapping[str, int]) -> None:
        self._find = find
        self._anywhere = anywhere
        self._names = names

    def search(self, text: str) -> LinearMatch | None:
        """Find the first match."""
        return next(self.finditer(text), None)

    def finditer(self, text: str) -> Iterator[LinearMatch]:
        """Find every match, the empty ones as well."""
        data, place = _encoded(text)
        at = 0
        while at <= len(data):
            spans = self._find(self._anywhere, data, at, len(data))
            if spans[0] == _NOWHERE:
                return
            yield LinearMatch(text, place(spans), self._names)
            first, end = spans[0]
            at = end if end > first else _next(data, end)


def _encoded(text: str) -> tuple[bytes, Callable[[list[Span]], list[Span]]]:
    """Return the text as UTF-8, and what makes spans of the text of spans of that."""
    if text.isascii():
        return text.encode(), _same
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = _NO_CHARACTER.sub("\ufffd", text).encode()

    def place(spans: list[Span]) -> list[Span]:
        return [
            span
            if span == _NOWHERE
            else (len(data[: span[0]].decode()), len(data[: span[1]].decode()))
            for span in spans
        ]

    return data, place


def _same(spans: list[Span]) -> list[Span]:
    return spans


def _next(data: bytes, at: int) -> int:
    """Return where the next character begins."""
    at += 1
    while at < len(data) and data[at] & 0xC0 == 0x80:  # noqa: PLR2004  (UTF-8)
        at += 1
    return at


def compile_linear(pattern: str) -> LinearPattern | None:
    """Compile a pattern; `None` where RE2 is not installed. Raises `ValueError`."""
    try:
        # An extra, whose own matches take ten times as long to make as what they are made of.
        from re2 import Options, _re2  # noqa: PLC0415
    except ImportError:
        return None
    options = Options()
    options.log_errors = False
    compiled: Any = _re2.RE2(pattern.encode("utf-8", "surrogatepass"), options)
    if not compiled.ok():
        raise ValueError(compiled.error().decode())
    names = {name.decode(): number for name, number in compiled.NamedCapturingGroups()}
    return LinearPattern(compiled.Match, _re2.RE2.Anchor.UNANCHORED, names)
