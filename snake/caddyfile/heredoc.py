"""Heredocs: text over several lines, without the indentation of its closing marker."""

from __future__ import annotations

import re
from typing import NoReturn

from msgspec.structs import replace

from snake.caddyfile.segments import Token

_MARKER = re.compile(r"[A-Za-z0-9_-]+")
_RULE = "must contain only alphanumeric characters, dashes and underscores"


def read_marker(opening: Token) -> str:
    """Return the marker of `<<MARKER`. Raises `CaddyfileError` for one that cannot be."""
    marker = opening.text.removeprefix("<<")
    where = f"on line #{opening.row}"
    if not marker:
        message = f"missing opening heredoc marker {where}; {_RULE}; got empty string"
        opening.fail(message, "for example <<END")
    if marker.startswith("<"):
        opening.fail(f"too many '<' for heredoc {where}; only use two, for example <<END")
    if not _MARKER.fullmatch(marker):
        opening.fail(f"heredoc marker {where} {_RULE}; got '{marker}'")
    return marker


def heredoc_text(opening: Token, marker: str, body: str) -> str:
    """Return the text of a heredoc; `body` is all that stands in front of its closing marker.

    What stands before the marker on its line is the indentation, and every
    line that is not empty must begin with it. Raises `CaddyfileError`.
    """
    content, _, indentation = body.rpartition("\n")
    lines: list[str] = []
    for number, line in enumerate(content.split("\n"), start=1):
        if line not in ("", "\r") and not line.startswith(indentation):
            text = line.rstrip("\r")
            at = replace(opening, line=opening.line + number, column=1, text=text, source=text)
            at.fail(
                f"mismatched leading whitespace in heredoc <<{marker} on line "
                f"#{opening.row + number} [{text}], "
                f"expected whitespace [{indentation}] to match the closing marker"
            )
        lines.append(line[len(indentation) :].replace("\r", ""))
    return "\n".join(lines)


def refuse_unclosed(opening: Token, marker: str, last: int) -> NoReturn:
    """Reject a heredoc that does not end until the last line. Raises `CaddyfileError`."""
    opening.fail(
        f"incomplete heredoc <<{marker} on line #{last}, expected ending marker {marker}",
        "write \\<< for a word that begins with <<",
    )
