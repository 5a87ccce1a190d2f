"""Fields: what the lines of a block say, each in its place in the JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words, subdirectives
from snake.core.numbers import integer, signed
from snake.core.suggest import suggestion
from snake.core.units import duration, size

Reader = Callable[[Words], None]
"""Reads one subdirective; takes the words that belong to it."""
Read = Callable[[Words], object]
"""Takes the words of one subdirective, and returns what they say."""
Table = Mapping[str, tuple[str, Read]]
"""By subdirective: the path of the field that it sets, with slashes, and how it is read."""


class Fields:
    """Values by the path of their field; setting one makes what is around it."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def set(self, path: str, value: object) -> None:
        """Set a field."""
        around, name = self._around(path)
        around[name] = value

    def get(self, path: str) -> Any:  # noqa: ANN401
        """Return what a field has, or `None`."""
        value: Any = self.values
        for step in path.split("/"):
            value = value.get(step) if value else None
        return value

    def make(self, path: str) -> None:
        """Make a field that holds others, if it is not there."""
        around, name = self._around(path)
        around.setdefault(name, {})

    def extend(self, path: str, values: Iterable[object]) -> None:
        """Add to a field that is a list."""
        around, name = self._around(path)
        around.setdefault(name, []).extend(values)

    def reader(self, path: str, read: Read) -> Reader:
        """Return what reads a subdirective that sets a field; the last of a name counts."""
        return lambda words: self.set(path, read(words))

    def readers(self, table: Table) -> dict[str, Reader]:
        """Return what reads the subdirectives of a table."""
        return {name: self.reader(path, read) for name, (path, read) in table.items()}

    def read(self, line: Segment, table: Table, others: Mapping[str, Reader]) -> None:
        """Read the block of a line: by a table, and by readers of what needs more than that.

        The reader `@` reads all whose names begin so. Raises `CaddyfileError`.
        """
        for words in subdirectives(line, {**table, **others}):
            name = "@" if words.name.startswith("@") else words.name
            if name in others:
                others[name](words)
            else:
                path, read = table[name]
                self.set(path, read(words))

    def _around(self, path: str) -> tuple[dict[str, Any], str]:
        *steps, name = path.split("/")
        values = self.values
        for step in steps:
            values = values.setdefault(step, {})
        return values, name


def read_block(line: Segment, readers: Mapping[str, Reader]) -> None:
    """Read the block of a line, each subdirective by the reader of its name.

    The reader `@` reads all whose names begin so. Raises `CaddyfileError`.
    """
    for words in subdirectives(line, readers):
        readers["@" if words.name.startswith("@") else words.name](words)


def text(words: Words) -> str:
    """Read one argument as it is."""
    return words.take().text


def texts(words: Words) -> list[str]:
    """Read one argument or more."""
    return [word.text for word in words.some()]


def flag(words: Words) -> bool:
    """Read no argument: the word alone says it."""
    words.none()
    return True


def number(words: Words) -> int:
    """Read a whole number."""
    return words.read(words.take(), integer)


def time(words: Words) -> int:
    """Read a duration."""
    return words.read(words.take(), duration)


def size_in_bytes(words: Words) -> int:
    """Read a size."""
    return signed(words.read(words.take(), size))


def one_of(*choices: str) -> Read:
    """Return what reads one of these words."""

    def read(words: Words) -> str:
        word = words.take()
        if word.text not in choices:
            word.fail(
                f"{words.name}: {word} is not allowed{suggestion(word.text, choices)}",
                f"one of: {', '.join(choices)}",
            )
        return word.text

    return read
