"""Logic: `&&`, `||`, `!`, `? :`, and equality.

What decides the result makes errors of the other conditions void, on either side.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#logical-operators.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from snake.cel.errors import EvaluationError, NoSuchOverloadError
from snake.cel.part import Locals, Part, Run
from snake.cel.values import Uint, equal


def joined(runs: Sequence[Run], *, decisive: bool) -> Run:
    """Join conditions: the result is `decisive` as soon as one of them is, else the opposite."""
    if len(runs) == 2:  # noqa: PLR2004
        return _pair(*runs, decisive=decisive)

    def join(host: Any, names: Locals) -> bool:  # noqa: ANN401
        return settled(host, ((run, names) for run in runs), decisive=decisive)

    return join


def settled(host: Any, conditions: Iterable[tuple[Run, Locals]], *, decisive: bool) -> bool:  # noqa: ANN401
    """Return `decisive` if one of the conditions is, else the opposite.

    Raises the first `EvaluationError`, if none of the others decides.
    """
    failure: EvaluationError | None = None
    for run, names in conditions:
        try:
            value: object = run(host, names)
        except EvaluationError as error:
            failure = failure or error
            continue
        if value is decisive:
            return decisive
        if value is not (not decisive):
            failure = failure or NoSuchOverloadError()
    if failure is not None:
        raise failure
    return not decisive


def _pair(first: Run, second: Run, *, decisive: bool) -> Run:
    opposite = not decisive

    def join(host: Any, names: Locals) -> Any:  # noqa: ANN401
        try:
            value = first(host, names)
            if value is decisive:
                return decisive
            if value is not opposite:
                raise NoSuchOverloadError
        except EvaluationError:
            if second(host, names) is decisive:
                return decisive
            raise
        value = second(host, names)
        if value is not True and value is not False:
            raise NoSuchOverloadError
        return value

    return join


def conditional(condition: Run, one: Run, other: Run) -> Run:
    """Return `condition ? one : other`."""

    def choose(host: Any, names: Locals) -> Any:  # noqa: ANN401
        value = condition(host, names)
        if value is True:
            return one(host, names)
        if value is False:
            return other(host, names)
        raise NoSuchOverloadError

    return choose


def equality(left: Part, right: Part, *, wanted: bool) -> Run:
    """Return `left == right`, or the opposite."""
    for one, other in ((left, right), (right, left)):
        # Nothing but a text is equal to one, here and in Python.
        if one.is_constant and isinstance(one.constant, str):
            return _compared(other.run, one.constant, wanted=wanted)
    first, second = left.run, right.run
    if wanted:
        return lambda host, names: equal(first(host, names), second(host, names))
    return lambda host, names: not equal(first(host, names), second(host, names))


def _compared(run: Run, text: str, *, wanted: bool) -> Run:
    if wanted:
        return lambda host, names: run(host, names) == text
    return lambda host, names: run(host, names) != text


def membership(value: Part, items: list[object]) -> Run | None:
    """Return `value in items` for texts or for ints in a set; `None` for any other list."""
    kinds = next((kinds for kinds in _HASHED if all(type(item) in kinds for item in items)), None)
    if kinds is None:
        return None
    run, given = value.run, frozenset(items)

    def member(host: Any, names: Locals) -> bool:  # noqa: ANN401
        found = run(host, names)
        return type(found) in kinds and found in given

    return member


_HASHED = (frozenset({str}), frozenset({int, Uint, float}))
"""Kinds of values that are equal in Python when they are equal in CEL."""
