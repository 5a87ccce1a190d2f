"""Macros: calls whose arguments are no values, but parts that are put together anew.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros, and the
extensions of cel-go: https://pkg.go.dev/github.com/google/cel-go/ext.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from snake.cel.errors import ExpressionError
from snake.cel.syntax import Bind, Call, Field, Fold, ListOf, Literal, MapOf, Name, Node
from snake.cel.values import Uint

Method = Callable[[int, Node, tuple[Node, ...]], Node | None]
"""Makes a part of a target and arguments; nothing if the target is not the macro's."""


def _variable(node: Node) -> str:
    if not isinstance(node, Name):
        raise ExpressionError("expected the name of a variable", node.at)
    return node.name


def _has(at: int, arguments: tuple[Node, ...]) -> Node:
    (of,) = arguments
    if not isinstance(of, Field):
        raise ExpressionError("has() takes a field of something: has(a.b)", of.at)
    return Field(at, of.operand, of.name, is_test=True)


def _fold(kind: str, at: int, target: Node, arguments: tuple[Node, ...]) -> Node:
    variable, predicate = arguments
    return Fold(at, kind, target, _variable(variable), predicate)


def _map(at: int, target: Node, arguments: tuple[Node, ...]) -> Node:
    variable, *predicate, transform = arguments
    name = _variable(variable)
    return Fold(at, "map", target, name, predicate[0] if predicate else None, transform)


def _sort_by(at: int, target: Node, arguments: tuple[Node, ...]) -> Node:
    if isinstance(target, Literal | MapOf):
        raise ExpressionError("sortBy() is for lists", target.at)
    # No name that is written down has a sign like this in it.
    whole = Name(target.at, "@sorted")
    keys = _map(at, whole, arguments)
    return Bind(at, whole.name, target, Call(at, "@sortByAssociatedKeys", (keys,), whole))


def _bind(at: int, target: Node, arguments: tuple[Node, ...]) -> Node | None:
    if not (isinstance(target, Name) and target.name == "cel"):
        return None
    variable, value, result = arguments
    return Bind(at, _variable(variable), value, result)


def _extreme(function: str, at: int, target: Node, arguments: tuple[Node, ...]) -> Node | None:
    if not (isinstance(target, Name) and target.name == "math"):
        return None
    if not arguments:
        raise ExpressionError("expected at least one number", at)
    if len(arguments) == 1 and isinstance(arguments[0], ListOf) and arguments[0].items:
        _check_numbers(arguments[0].items)
    else:
        _check_numbers(arguments)
    if len(arguments) > 2:  # noqa: PLR2004
        arguments = (ListOf(at, arguments),)
    return Call(at, function, arguments)


def _check_numbers(arguments: tuple[Node, ...]) -> None:
    for each in arguments:
        is_number = isinstance(each, Literal) and type(each.value) in (int, float, Uint)
        if isinstance(each, Literal | ListOf | MapOf) and not is_number:
            raise ExpressionError("expected a number", each.at)


GLOBAL: dict[tuple[str, int], Callable[[int, tuple[Node, ...]], Node]] = {("has", 1): _has}
"""Macros by name and number of arguments."""

METHODS: dict[tuple[str, int], Method] = {
    **{(kind, 2): partial(_fold, kind) for kind in ("all", "exists", "exists_one", "filter")},
    ("map", 2): _map,
    ("map", 3): _map,
    ("sortBy", 2): _sort_by,
    ("bind", 3): _bind,
    ("least", -1): partial(_extreme, "math.@min"),
    ("greatest", -1): partial(_extreme, "math.@max"),
}
"""Macros that have a target, by name and number of arguments; -1 is any number."""
