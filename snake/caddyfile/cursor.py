"""A place in a list of tokens: Caddy's way of reading lines and blocks, step by step.

What counts as an argument, and where a block ends, is told from tokens and the
lines they stand on. The rules are Caddy's, with what they make of odd input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snake.caddyfile.segments import Token


class Cursor:
    """Stands on one of the tokens, in front of all of them, or behind.

    `tokens` are in reverse, so that imported ones are put in at the end of a list.
    """

    __slots__ = ("at", "nesting", "tokens")

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = list(reversed(tokens))
        self.at = len(self.tokens)
        self.nesting = 0

    @property
    def current(self) -> Token | None:
        """The token that the cursor is on."""
        return self.tokens[self.at] if 0 <= self.at < len(self.tokens) else None

    def next(self) -> bool:
        """Step to the next token; stay if there is none."""
        if self.at <= 0:
            return False
        self.at -= 1
        return True

    def begins_line(self) -> bool:
        """Whether the token stands on another line than the one before it."""
        if self.at >= len(self.tokens) - 1:
            return True
        return self.at >= 0 and self.tokens[self.at + 1].is_above(self.tokens[self.at])

    def ends_line(self) -> bool:
        """Whether the next token stands on another line."""
        return self.at <= 0 or self.tokens[self.at].is_above(self.tokens[self.at - 1])

    def next_on_line(self) -> bool:
        """Step to the next token if it is on the same line."""
        return not self.ends_line() and self.next()

    def next_arg(self) -> bool:
        """Step to the next token if it is on the same line and opens no block."""
        if self.ends_line() or self.tokens[self.at - 1].opens:
            return False
        return self.next()

    def args(self) -> Iterator[Token]:
        """Step over the arguments that are left on the line."""
        while self.next_arg():
            yield self.tokens[self.at]

    def block(self) -> Iterator[Token]:
        """Step through the block that opens on this line: all tokens but its braces.

        A closing brace closes only at the end of a line; elsewhere it is skipped.
        """
        outside = self.nesting
        while self.next_in_block(outside):
            yield self.tokens[self.at]

    def segment(self) -> list[Token]:
        """Step over a line and the block that it opens; return both, braces included.

        At the end of the file, the last word of a block that nothing closes stands
        for its closing brace.
        """
        tokens = [self.tokens[self.at], *self.args()]
        end = self.at
        inner = list(self.block())
        if self.at == end:
            return tokens
        return [*tokens, self.tokens[end - 1], *inner, self.tokens[self.at]]

    def next_in_block(self, outside: int) -> bool:
        """Step to the next token of the block around which are `outside` braces, if there is one.

        In front of a block, the first step is into it.
        """
        if self.nesting == outside:
            return self._open()
        if not self.next():
            return False
        if self.tokens[self.at].closes and not self.next_on_line():
            self.nesting -= 1
        elif self.tokens[self.at].opens and not self.next_on_line():
            self.nesting += 1
        return self.nesting > outside

    def _open(self) -> bool:
        """Step into the block that opens on this line, if one does and is not empty."""
        if self.ends_line() or not self.tokens[self.at - 1].opens:
            return False
        self.next()
        self.next()
        if self.tokens[self.at].closes:
            return False
        self.nesting += 1
        return True
