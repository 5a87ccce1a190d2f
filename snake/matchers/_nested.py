"""The syntax of a set of matchers inside of something else: a line of them, or a block."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from snake.plugin import Segment, Token


def matcher_lines(line: Segment) -> Iterator[Segment]:
    """Yield lines that each begin with a matcher's name, from the arguments and the block.

    Quoted text is an expression, and what follows it is a matcher again. A block with
    nothing in it is none.
    """
    words = line.args
    expression: tuple[Token, ...] = ()
    while words and words[0].quoted:
        expression += (replace(words[0], text="expression"), words[0])
        words = words[1:]
    if words and words[0].text == "expression":
        # Words of one matcher are read as one line, and this matcher takes all of a line.
        words, expression = expression + words, ()
    if expression:
        yield Segment(expression)
    if words:
        yield Segment(words, line.block or None)
        return
    for inner in line.lines:
        # In a block a matcher is the first word of a line; outside, the first argument.
        yield from matcher_lines(Segment((inner.words[0], *inner.words), inner.block))
