"""Trees as text again, to compare them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from snake.caddyfile.read import read
from snake.caddyfile.segments import Segment, Token


def split(tokens: Iterable[Token]) -> list[list[Token]]:
    """Put words together to the lines that they stand on."""
    lines: list[list[Token]] = []
    for token in tokens:
        if lines and not lines[-1][-1].is_above(token):
            lines[-1].append(token)
        else:
            lines.append([token])
    return lines


def lines(text: str, file: str = "Caddyfile") -> list[str]:
    """Return what a Caddyfile comes to: the keys and the lines of each section."""
    return [
        line
        for section in read(text, file).sections
        for line in (
            " ".join(map(str, section.keys)) + ":",
            *(written for segment in section.lines for written in _written(segment)),
        )
    ]


def _written(segment: Segment) -> Iterator[str]:
    words = " ".join(map(str, segment.words))
    if segment.block is None:
        yield words
        return
    yield f"{words} {{"
    for line in segment.block:
        yield from _written(line)
    yield "}"
