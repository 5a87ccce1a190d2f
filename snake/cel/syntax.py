"""The parts that an expression is made of; `at` is where each begins in the text."""

from __future__ import annotations

from snake.core.record import Record


class Node(Record):
    """Any part."""

    at: int


class Literal(Node):
    """A value that is written down: a number, a text, bytes, `true`, `false` or `null`."""

    value: object


class Name(Node):
    """A variable, or the name of a type."""

    name: str


class Field(Node):
    """A value by its name, `a.b`; with `is_test`, whether it is there: `has(a.b)`."""

    operand: Node
    name: str
    is_test: bool = False


class Call(Node):
    """A function, an operator or, with a target, a method. Operators have CEL's names: `_+_`."""

    function: str
    arguments: tuple[Node, ...]
    target: Node | None = None


class ListOf(Node):
    """`[a, b]`."""

    items: tuple[Node, ...]


class MapOf(Node):
    """`{a: b}`."""

    entries: tuple[tuple[Node, Node], ...]


class Fold(Node):
    """A macro that goes through a list or the keys of a map: `list.all(variable, predicate)`.

    `kind` is `all`, `exists`, `exists_one`, `map` or `filter`.
    """

    kind: str
    over: Node
    variable: str
    predicate: Node | None = None
    transform: Node | None = None


class Bind(Node):
    """A name for a value within a part: `cel.bind(variable, value, result)`."""

    variable: str
    value: Node
    result: Node


class Foreign(Node):
    """A function of the host, which looks at its arguments itself."""

    function: str
    arguments: tuple[Node, ...]
