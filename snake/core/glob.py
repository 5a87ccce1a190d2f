"""Glob patterns as Go's `path.Match` reads them.

`*` and `?` never match a slash, `[a-z]` and `[^a-z]` match one character, a
backslash takes the next character literally, and the whole name must match. A
malformed pattern matches nothing, as Caddy ignores the error.

Source: https://pkg.go.dev/path#Match.
"""

from __future__ import annotations

import re
from functools import lru_cache

MAGIC = re.compile(r"[*?\[\\]")
"""What makes a pattern more than a plain name."""

_CLASS = re.compile(
    r"\[(?P<negated>\^?)(?P<items>(?:(?:\\.|[^\]\-\\])(?:-(?:\\.|[^\]\-\\]))?)+)\]", re.DOTALL
)
_NOTHING = re.compile(r"(?!)")


@lru_cache(maxsize=256)
def compile_glob(pattern: str) -> re.Pattern[str]:
    """Compile `pattern` for `fullmatch`."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            group = _CLASS.match(pattern, at)
            if group is None:
                return _NOTHING
            parts.append(_class(group))
            at = group.end()
            continue
        if char == "\\":
            at += 1
            if at == len(pattern):
                return _NOTHING
            char = re.escape(pattern[at])
        else:
            char = {"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char)
        parts.append(char)
        at += 1
    return re.compile("".join(parts), re.DOTALL)


def _class(group: re.Match[str]) -> str:
    """Translate one `[…]`; a range whose ends are reversed holds nothing."""
    pieces: list[str] = []
    for low, high in re.findall(
        r"(\\.|[^\-\\])(?:-(\\.|[^\-\\]))?", group["items"], flags=re.DOTALL
    ):
        first, last = low[-1], (high or low)[-1]
        if first <= last:
            pieces.append(f"{re.escape(first)}-{re.escape(last)}")
    if not pieces:
        return r"[\s\S]" if group["negated"] else "(?!)"
    return f"[{group['negated']}{''.join(pieces)}]"
