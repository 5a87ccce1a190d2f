"""stripHTML: a text without its tags.

No `<` is ever left, so that what comes out cannot begin a tag, however brackets and
quotes are put into one another (CVE-2026-52846 of Caddy).
"""

from __future__ import annotations


def strip_html(text: str) -> str:
    """Return a text without what stands between `<` and its `>`.

    A `>` in a quoted value does not close a tag; a tag that is not closed goes on to
    the end.
    """
    kept: list[str] = []
    depth, quote = 0, ""
    for char in str(text):
        if quote:
            quote = "" if char == quote else quote
        elif char == "<":
            depth += 1
        elif not depth:
            kept.append(char)
        elif char == ">":
            depth -= 1
        elif char in "\"'":
            quote = char
    return "".join(kept)
