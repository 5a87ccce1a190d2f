"""Fields: what the lines of a block say, each in its place in the JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from snake.caddyfile.cursor import Cursor, Reader
from snake.core.numbers import integer, signed
from snake.core.suggest import suggestion
from snake.core.units import duration, size

Read = Callable[[Cursor], object]
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
        return lambda cursor: self.set(path, read(cursor))

    def readers(self, table: Table) -> dict[str, Reader]:
        """Return what reads the subdirectives of a table."""
        return {name: self.reader(path, read) for name, (path, read) in table.items()}

    def _around(self, path: str) -> tuple[dict[str, Any], str]:
        *steps, name = path.split("/")
        values = self.values
        for step in steps:
            values = values.setdefault(step, {})
        return values, name


def text(cursor: Cursor) -> str:
    """Read one argument as it is."""
    return cursor.arg().text


def texts(cursor: Cursor) -> list[str]:
    """Read one argument or more."""
    return [word.text for word in cursor.args()]


def number(cursor: Cursor) -> int:
    """Read a whole number."""
    return cursor.value(integer)


def time(cursor: Cursor) -> int:
    """Read a duration."""
    return cursor.value(duration)


def size_in_bytes(cursor: Cursor) -> int:
    """Read a size."""
    return signed(cursor.value(size))


def one_of(*choices: str) -> Read:
    """Return what reads one of these words."""

    def read(cursor: Cursor) -> str:
        word = cursor.arg()
        if word.text not in choices:
            word.fail(
                f"{cursor.name}: {word} is not allowed{suggestion(word.text, choices)}",
                f"one of: {', '.join(choices)}",
            )
        return word.text

    return read
