"""One `import` line: its arguments and its block, put into what it imports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from snake.caddyfile.arguments import Warn, fill
from snake.caddyfile.segments import Line, Token
from snake.core.record import Record


class Imported(Record):
    """A line that an import gives, and whether it was passed in by the import's own block."""

    line: Line
    passed: bool = False


class Call:
    """What stands on an import line, and in the braces that it may open.

    `top_level` tells whether the line stands outside of all sites, where snippets
    may be defined.
    """

    __slots__ = ("block", "entries", "head", "top_level")

    def __init__(self, head: Line, block: Sequence[Line], *, top_level: bool) -> None:
        self.head = head
        self.block = block
        self.top_level = top_level
        self.entries = dict(_entries(block))

    def fill(self, lines: Sequence[Line], warn: Warn) -> Iterator[Imported]:
        """Put arguments and block into imported lines.

        The definition of a snippet stays as it is: its own import fills it.
        """
        place = f"{self.head[0].place} (import {self.head[1]})"
        imports = (place, *self.head[0].imports)
        depth, literal = 0, False
        for written in lines:
            line = tuple(replace(token, imports=imports) for token in written)
            if self.top_level and depth == 0:
                literal = defines_snippet(line)
            if literal:
                yield Imported(line)
            else:
                yield from self._fill_line(line, warn)
            depth += nesting(line)

    def _fill_line(self, line: Line, warn: Warn) -> Iterator[Imported]:
        """Replace `{block}` and `{blocks.key}`, which break the line, then the arguments."""
        rest: list[Token] = []
        for token in line:
            passed = self._passed(token.text)
            if passed is None:
                rest.append(token)
            elif passed:
                if rest:
                    yield Imported(fill(tuple(rest), self._args, warn))
                yield from (Imported(inner, passed=True) for inner in passed)
                rest = []
        if rest and (words := fill(tuple(rest), self._args, warn)):
            yield Imported(words)

    def _passed(self, text: str) -> Sequence[Line] | None:
        if text == "{block}":
            return self.block
        if text.startswith("{blocks.") and text.endswith("}"):
            return self.entries.get(text[len("{blocks.") : -1], ())
        return None

    @property
    def _args(self) -> list[str]:
        return [token.text for token in self.head[2:]]


_DEPTH = {"_OPEN": 1, "_CLOSE": -1}


def nesting(line: Line) -> int:
    """Return how much deeper the next line is."""
    return sum(_DEPTH.get(token.type, 0) for token in line)


def defines_snippet(line: Line) -> bool:
    """Whether this line begins the definition of a snippet."""
    return len(line) > 1 and names_snippet(line[0]) and line[1].type == "_OPEN"


def names_snippet(token: Token) -> bool:
    """Whether this is `(name)`."""
    return token.text.startswith("(") and token.text.endswith(")")


def _entries(block: Sequence[Line]) -> Iterator[tuple[str, tuple[Line, ...]]]:
    """Split a block into its entries: the key, then its arguments and the lines in its braces."""
    lines = iter(block)
    for line in lines:
        key, content = line[0], line[1:]
        if key.type == "_OPEN":
            key.fail("anonymous blocks are not supported")
        inner: list[Line] = []
        depth = nesting(line)
        if content and content[-1].type == "_OPEN":
            content = content[:-1]
        while depth > 0 and (line := next(lines, ())):
            depth += nesting(line)
            kept = line if depth > 0 else line[:-1]
            inner += [kept] if kept else []
        yield key.text, (content, *inner) if content else tuple(inner)
