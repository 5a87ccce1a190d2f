"""Actions: what a filter does to one of the values in a field, by its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.core.record import Record
from snake.logs.filters.field import digest

Kind = Literal["replace", "hash", "delete"]


class Action(Record):
    """One line in the braces of such a filter."""

    kind: Kind
    name: str
    value: str = ""

    def apply(self, value: str) -> str | None:
        """Return what is logged instead of a value; `None` for nothing."""
        if self.kind == "delete":
            return None
        return digest(value) if self.kind == "hash" else self.value


def read_actions(line: Segment) -> Iterator[Action]:
    """Read lines of `replace <name> <value>`, `hash <name>` and `delete <name>`.

    After an argument, what is in the braces is not read.
    """
    if line.args:
        return
    for sub in subdirectives(line, ("replace", "hash", "delete")):
        match sub.name:
            case "replace":
                yield Action("replace", sub.take("a name").text, sub.take("a value").text)
            case "hash":
                yield Action("hash", sub.take("a name").text)
            case _:
                yield Action("delete", sub.take("a name").text)
