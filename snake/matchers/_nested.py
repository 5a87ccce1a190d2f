"""The syntax of a set of matchers inside of something else: a line of them, or a block."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from snake.plugin import Cursor, Segment


def matcher_lines(cursor: Cursor) -> Iterator[Segment]:
    """Take lines that each begin with a matcher's name; quoted text is an expression."""
    while (word := cursor.next()) is not None:
        if word.quoted:
            yield Segment((replace(word, text="expression", quoted=False), word))
        else:
            yield cursor.segment()
    for line in cursor.block():
        # As a line has a first word already, it is one after nothing.
        yield from matcher_lines(Cursor(Segment((line.words[0], *line.words), line.block)))
