"""Folds: macros that go through a list or the keys of a map.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from snake.cel.errors import EvaluationError, NoSuchOverloadError
from snake.cel.logic import settled
from snake.cel.part import Locals, Run
from snake.cel.values import Map


def quantified(over: Run, predicate: Run, *, decisive: bool) -> Run:
    """Return whether one item is `decisive`, or else the opposite: `exists` and `all`."""

    def fold(host: Any, names: Locals) -> bool:  # noqa: ANN401
        items = _items(over(host, names))
        return settled(host, ((predicate, (*names, item)) for item in items), decisive=decisive)

    return fold


def exactly_one(over: Run, predicate: Run) -> Run:
    """Return whether the predicate holds for one item and no other."""

    def fold(host: Any, names: Locals) -> bool:  # noqa: ANN401
        items = _items(over(host, names))
        return sum(_holds(predicate(host, (*names, item))) for item in items) == 1

    return fold


def collected(over: Run, predicate: Run | None, transform: Run | None) -> Run:
    """Return the list of the items for which the predicate holds, transformed."""

    def fold(host: Any, names: Locals) -> list[Any]:  # noqa: ANN401
        found = []
        for item in _items(over(host, names)):
            inner = (*names, item)
            if predicate is None or _holds(predicate(host, inner)):
                found.append(item if transform is None else transform(host, inner))
        return found

    return fold


def bound(value: Run, result: Run) -> Run:
    """Return the result with a value for one more name; it may have failed unless it is used."""

    def bind(host: Any, names: Locals) -> Any:  # noqa: ANN401
        given: Any
        try:
            given = value(host, names)
        except EvaluationError as error:
            given = error
        return result(host, (*names, given))

    return bind


def local(index: int) -> Run:
    """Return the value of a variable."""

    def get(_: Any, names: Locals) -> Any:  # noqa: ANN401
        value = names[index]
        if isinstance(value, EvaluationError):
            raise value
        return value

    return get


def _items(over: object) -> Iterable[object]:
    if not isinstance(over, list | Map):
        raise NoSuchOverloadError
    return over


def _holds(value: object) -> bool:
    if value is True or value is False:
        return value
    raise NoSuchOverloadError
