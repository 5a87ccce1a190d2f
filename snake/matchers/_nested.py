"""The syntax of a set of matchers inside of something else: a line of them, or a block."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from snake.plugin import Segment


def matcher_lines(line: Segment) -> Iterator[Segment]:
    """Yield lines that each begin with a matcher's name, from the arguments and the block.

    Quoted text is an expression, and what follows it is a matcher again.
    """
    words = line.args
    while words and words[0].quoted:
        yield Segment((replace(words[0], text="expression", quote=""), words[0]))
        words = words[1:]
    if words:
        yield Segment(words, line.block)
        return
    for inner in line.lines:
        # In a block a matcher is the first word of a line; outside, the first argument.
        yield from matcher_lines(Segment((inner.words[0], *inner.words), inner.block))
