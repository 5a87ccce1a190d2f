"""Heredocs: text over several lines, without the indentation of its closing marker."""

from __future__ import annotations

import re
from typing import NoReturn

from msgspec.structs import replace

from snake.caddyfile.segments import Token

_MARKER = re.compile(r"[A-Za-z0-9_-]+")


def heredoc_text(opening: Token) -> str:
    """Return the text of a heredoc token, which is still as it was written.

    Whatever stands before the closing marker on its line is the indentation,
    and every line that is not empty must begin with it. Raises `CaddyfileError`.
    """
    first, _, rest = opening.text.partition("\n")
    marker = first[2:].rstrip("\r")
    body, _, indentation = rest.removesuffix(marker).rpartition("\n")
    lines: list[str] = []
    for number, line in enumerate(body.split("\n"), start=1):
        if line not in ("", "\r") and not line.startswith(indentation):
            text = line.rstrip()
            at = replace(opening, line=opening.line + number, column=1, text=text, source=text)
            at.fail(
                f"mismatched leading whitespace in heredoc <<{marker}, expected whitespace "
                f"[{indentation}] to match the closing marker"
            )
        lines.append(line[len(indentation) :].replace("\r", ""))
    return "\n".join(lines)


def refuse_heredoc(opening: Token) -> NoReturn:
    """Say why `<<` at the start of a word does not begin a heredoc. Raises `CaddyfileError`."""
    marker = opening.text.removeprefix("<<")
    rule = "a heredoc marker has only letters, digits, dashes and underscores"
    if not marker:
        opening.fail(f"missing opening heredoc marker; {rule}", "for example <<END")
    if marker.startswith("<"):
        opening.fail("too many '<' for a heredoc", "only two, for example <<END")
    if not _MARKER.fullmatch(marker):
        opening.fail(f"{rule}; got '{marker}'")
    opening.fail(
        f"incomplete heredoc <<{marker}, expected ending marker {marker}",
        "write \\<< for a word that begins with <<",
    )
