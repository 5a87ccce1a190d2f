"""Operators, `size` and `matches`: what CEL has for all kinds of values.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import lru_cache

from snake.cel.errors import EvaluationError
from snake.cel.overload import Entry, function, hidden, method
from snake.cel.values import LARGEST_INT, LARGEST_UINT, SMALLEST_INT, Map, Uint, equal, type_of
from snake.core.regexp import RegexpError, compile_regexp

Binary = Callable[..., object]


def checked_int(value: int) -> int:
    """Return a number that fits into 64 bits. Raises `EvaluationError`."""
    if not SMALLEST_INT <= value <= LARGEST_INT:
        raise EvaluationError("integer overflow")
    return value


def checked_uint(value: int) -> Uint:
    """Return a number that fits into 64 bits without a sign. Raises `EvaluationError`."""
    if not 0 <= value <= LARGEST_UINT:
        raise EvaluationError("unsigned integer overflow")
    return Uint(value)


def _ints(run: Callable[[int, int], int]) -> Binary:
    return lambda a, b: checked_int(run(a, b))


def _uints(run: Callable[[int, int], int]) -> Binary:
    return lambda a, b: checked_uint(run(a, b))


def _quotient(a: int, b: int) -> int:
    if not b:
        raise EvaluationError("division by zero")
    # Towards zero, as in Go; Python rounds down.
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _remainder(a: int, b: int) -> int:
    if not b:
        raise EvaluationError("modulus by zero")
    return a - b * _quotient(a, b)


def _divided(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if not a or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)


def item(items: list[object], index: object) -> object:
    """Return the value at a place. Raises `EvaluationError`."""
    if type_of(index) not in ("int", "uint", "double") or index != int(index):  # type: ignore[call-overload]
        raise EvaluationError(f"unsupported index type '{type_of(index)}' in list")
    at = int(index)  # type: ignore[call-overload]
    if not 0 <= at < len(items):
        raise EvaluationError(f"index out of bounds: {at}")
    return items[at]


def among(value: object, items: list[object]) -> bool:
    """Whether a value is in a list."""
    return any(equal(value, each) for each in items)


@lru_cache(maxsize=256)
def searcher(pattern: str) -> Callable[[str], object]:
    """Return what searches for a pattern. Raises `EvaluationError`."""
    try:
        return compile_regexp(pattern).search
    except RegexpError as error:
        raise EvaluationError(str(error)) from None


def matches(text: str, pattern: str) -> bool:
    """Whether a pattern is found in a text."""
    return searcher(pattern)(text) is not None


_ORDER: dict[str, Binary] = {
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
}
_ORDERED = ("bool", "string", "bytes", "timestamp", "duration")
_NUMBERS = ("int", "uint", "double")

OPERATORS: tuple[Entry, ...] = (
    *(
        function(name, f"{kind} {kind} bool", run)
        for name, run in _ORDER.items()
        for kind in _ORDERED
    ),
    *(
        (function if one == other else hidden)(name, f"{one} {other} bool", run)
        for name, run in _ORDER.items()
        for one in _NUMBERS
        for other in _NUMBERS
    ),
    function("!_", "bool bool", operator.not_),
    function("-_", "int int", lambda a: checked_int(-a)),
    function("-_", "double double", operator.neg),
    function("_+_", "int int int", _ints(operator.add)),
    function("_+_", "uint uint uint", _uints(operator.add)),
    *(
        function("_+_", f"{kind} {kind} {kind}", operator.add)
        for kind in ("double", "string", "bytes")
    ),
    function("_+_", "list(A) list(A) list(A)", operator.add),
    function("_-_", "int int int", _ints(operator.sub)),
    function("_-_", "uint uint uint", _uints(operator.sub)),
    function("_-_", "double double double", operator.sub),
    function("_*_", "int int int", _ints(operator.mul)),
    function("_*_", "uint uint uint", _uints(operator.mul)),
    function("_*_", "double double double", operator.mul),
    function("_/_", "int int int", _ints(_quotient)),
    function("_/_", "uint uint uint", _uints(_quotient)),
    function("_/_", "double double double", _divided),
    function("_%_", "int int int", _ints(_remainder)),
    function("_%_", "uint uint uint", _uints(_remainder)),
    function("_[_]", "list(A) int A", item),
    hidden("_[_]", "list(A) uint A", item),
    hidden("_[_]", "list(A) double A", item),
    function("_[_]", "map(A,B) A B", Map.__getitem__),
    function("@in", "A list(A) bool", among),
    function("@in", "A map(A,B) bool", lambda key, of: key in of),
    *(
        form("size", f"{kind} int", len)
        for form in (function, method)
        for kind in ("string", "bytes", "list(A)", "map(A,B)")
    ),
    *(form("matches", "string string bool", matches) for form in (function, method)),
)
