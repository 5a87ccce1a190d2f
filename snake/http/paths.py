"""Paths without tricks: dot segments removed and slashes merged, as Go's `path.Clean` does."""

from __future__ import annotations

import re
from urllib.parse import quote

_VALID = re.compile(rb"(?:[-._~!$&'()*+,;=:@/\[\]0-9A-Za-z]|%[0-9A-Fa-f]{2})*")


def clean(path: str, *, collapse_slashes: bool = True) -> str:
    """Remove `.` and `..` segments and doubled slashes; keep a trailing slash.

    A path that begins with a slash still does, and none can point above its start. With
    `collapse_slashes=False` runs of slashes stay (a matcher pattern that has
    `//` itself wants that).
    """
    if "//" not in path and "/." not in path and path.startswith("/"):
        return path
    kept: list[str] = []
    for segment in path.removeprefix("/").split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != "." and (segment or not collapse_slashes):
            kept.append(segment)
    cleaned = ("/" if path.startswith("/") else "") + "/".join(kept)
    if kept and path.endswith("/") and not cleaned.endswith("/"):
        cleaned += "/"
    return cleaned


def ascii_lower(text: str) -> str:
    """Return a text with ASCII's letters in lower case, and all others as they are.

    So it is as long as before, and nothing that only looks like a letter becomes one.
    """
    return text.lower() if text.isascii() else text.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def escape_path(path: str) -> str:
    """Percent-encode a decoded path, as Go's `URL.EscapedPath` does."""
    if path == "*":
        return path
    return quote(path.encode("utf-8", "surrogateescape"), safe="$&+,/:;=@")


def is_encoded(raw_path: bytes) -> bool:
    """Whether a path is in an encoding that RFC 3986 allows (section 3.3)."""
    return _VALID.fullmatch(raw_path) is not None
