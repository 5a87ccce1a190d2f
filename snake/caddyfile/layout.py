"""Words to lines and braces: the tokens of the grammar's rules.

Of the words of a line, the ones up to a brace that opens a block are the line's.
A brace that closes a block is one only if its line ends there; in front of other
words it is skipped, and behind them it is one of them. So Caddy reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from snake.caddyfile.segments import Token

Item = tuple[str, object]
"""A terminal of the grammar, and what it stands for."""
Line = Sequence[Token]
"""The words that stand on one line. Never empty."""

OPEN: Item = ("_OPEN", None)
CLOSE: Item = ("_CLOSE", None)


def lay_out(lines: Iterable[Line]) -> list[Item]:
    """Return the lines and braces of one directive; braces that stay open close at its end."""
    return _Layout().run(lines)


def lay_out_route(tokens: Iterable[Token]) -> list[Item]:
    """Return the lines in the braces of a named route, of which `tokens` are all words.

    Its imports can bring more braces behind its own, with a word before each.
    """
    layout = _Layout(1)
    for line in split(tokens):
        layout.read_odd(line)
    return layout.end()


def split(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """Put words together to the lines that they stand on."""
    line: list[Token] = []
    for token in tokens:
        if line and line[-1].is_above(token):
            yield line
            line = []
        line.append(token)
    if line:
        yield line


class _Layout:
    """Follows lines, and knows how deep in blocks they are.

    `outside` is how many braces around the lines are not for the grammar.
    """

    def __init__(self, outside: int = 0) -> None:
        self._items: list[Item] = []
        self._outside = outside
        self._depth = 0
        self._fresh = False
        """Whether the word before opened a block."""

    def run(self, lines: Iterable[Line]) -> list[Item]:
        """Read lines, whose braces that open a block are the last words on them."""
        for line in lines:
            if line[0].text == "}":
                self.read_odd(line)
                if not self._depth:
                    break
            elif line[-1].text == "{" and len(line) > 1 and not line[-1].quote:
                self._items += (("WORDS", tuple(line[:-1])), OPEN)
                self._depth += 1
                self._fresh = True
            else:
                self._items.append(("WORDS", tuple(line)))
                self._fresh = False
        return self.end()

    def end(self) -> list[Item]:
        """Close what is open, and return everything."""
        while self._depth:
            self._close()
        return self._items

    def read_odd(self, line: Line) -> None:
        """Read a line that can have braces anywhere."""
        while line:
            line = self._read(line)
            if self._depth == 0 and not self._outside:
                # Words behind the last brace belong to nothing.
                break

    def _read(self, line: Line) -> Line:
        """Read up to the next brace that is one, and return the rest of the line."""
        first, alone = line[0], len(line) == 1
        if first.closes and self._depth and (self._fresh or alone):
            self._close()
            return line[1:]
        if self._depth and not self._fresh:
            line = line[1:] if first.closes else line
            if line[0].opens and len(line) > 1:
                line = line[1:]
            elif line[0].opens:
                self._add(line)
                self._open(fresh=False)
                return ()
        count = next((n for n, word in enumerate(line) if n and word.opens), len(line))
        self._add(line[:count])
        if count < len(line):
            self._open(fresh=True)
        return line[count + 1 :]

    def _add(self, words: Line) -> None:
        self._fresh = False
        if self._depth >= self._outside:
            self._items.append(("WORDS", tuple(words)))
        elif len(words) > 1:
            words[1].fail(
                f"wrong argument count or unexpected line ending after '{words[1]}'",
                "a named route has a name and its braces",
            )

    def _open(self, *, fresh: bool) -> None:
        if self._depth >= self._outside:
            self._items.append(OPEN)
        self._depth += 1
        self._fresh = fresh

    def _close(self) -> None:
        self._depth -= 1
        self._fresh = False
        if self._depth >= self._outside:
            self._items.append(CLOSE)
