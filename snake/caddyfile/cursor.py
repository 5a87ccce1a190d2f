"""Cursor: the words of a line, taken one after another.

Caddy's parsers take the words that they expect of a line, and read what is left
of it as if it stood on the next one: `lb_retries 3 verbose_logs` is two
subdirectives. What is read with a cursor is accepted and refused as there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn, TypeVar

from snake.caddyfile.segments import Segment, Token
from snake.core.errors import SnakeError
from snake.core.suggest import suggestion

T = TypeVar("T")


class Cursor:
    """Stands at a word of a line; what comes after it is taken by whoever reads it."""

    def __init__(self, line: Segment) -> None:
        self._words = list(line.words)
        self._block = line.block
        self.word = self._words.pop(0)
        """The word that was taken last; at first, the line's own name."""
        self.name = self.word
        """The subdirective that is being read."""
        self.before: Token | None = None
        """The subdirective before it on the same line."""

    @property
    def left(self) -> int:
        """How many words nobody has taken."""
        return len(self._words)

    def next(self) -> Token | None:
        """Take the next word, if there is one."""
        if not self._words:
            return None
        self.word = self._words.pop(0)
        return self.word

    def arg(self) -> Token:
        """Take the next word; there must be one."""
        if (word := self.next()) is None:
            self.name.fail(f"{self.name} takes an argument: nothing stands after '{self.word}'")
        return word

    def rest(self) -> list[Token]:
        """Take all words that are left."""
        words, self._words = self._words, []
        if words:
            self.word = words[-1]
        return words

    def args(self) -> list[Token]:
        """Take all words that are left; there must be one."""
        return [self.arg(), *self.rest()]

    def end(self) -> None:
        """Refuse a word that is left."""
        if self._words:
            self._words[0].fail(f"{self.name} takes no more arguments, got {self._words[0]}")

    def flag(self) -> bool:
        """Refuse an argument; the word alone says it."""
        self.end()
        return True

    def block(self) -> tuple[Segment, ...]:
        """Take the lines in the braces, which come only after the last word."""
        if self._words:
            return ()
        lines, self._block = self._block or (), None
        return lines

    def segment(self) -> Segment:
        """Take all that is left, with its braces, as a line that begins at the word taken last."""
        line = Segment((self.word, *self.rest()), self._block)
        self._block = None
        return line

    def value(self, read: Callable[[str], T]) -> T:
        """Take the next word, and return what `read` makes of it."""
        self.arg()
        return self.read(read)

    def read(self, read: Callable[[str], T]) -> T:
        """Return what `read` makes of the word that was taken last."""
        try:
            return read(self.word.text)
        except SnakeError as error:
            self.word.fail(f"{self.name}: {error}")

    def turn(self) -> bool:
        """Go on to the next subdirective on this line, if there is one.

        Refuses braces that nobody has taken.
        """
        if self.next() is not None:
            self.before, self.name = self.name, self.word
            return True
        if self._block is not None:
            self.name.fail(f"{self.name} takes no block")
        return False


Reader = Callable[[Cursor], None]
"""Reads one subdirective; takes the words that belong to it."""


def read_block(lines: Iterable[Segment], readers: Mapping[str, Reader], of: str) -> None:
    """Read the lines of a block, each by the reader of its name. Raises `CaddyfileError`.

    The reader called `@` reads all whose names begin so. `of` is whose block it is,
    for messages.
    """
    for line in lines:
        cursor = Cursor(line)
        _read(cursor, readers, of)
        while cursor.turn():
            _read(cursor, readers, of)


def _read(cursor: Cursor, readers: Mapping[str, Reader], of: str) -> None:
    name = cursor.name.text
    reader = readers.get("@" if name.startswith("@") else name)
    if reader is None:
        _refuse(cursor, readers, of)
    reader(cursor)


def _refuse(cursor: Cursor, readers: Mapping[str, Reader], of: str) -> NoReturn:
    near = suggestion(cursor.name.text, readers)
    hint = "" if near else f"{of} knows: {', '.join(sorted(readers))}"
    if cursor.before is not None:
        hint = f"{cursor.before} has its arguments: what follows them is read as a subdirective"
    cursor.name.fail(f"{of}: unrecognized subdirective: {cursor.name}{near}", hint)
