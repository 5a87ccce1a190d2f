"""Functions of numbers: the extension `math` of cel-go.

Source: https://pkg.go.dev/github.com/google/cel-go/ext#Math.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from snake.cel.errors import EvaluationError
from snake.cel.operators import checked_int
from snake.cel.overload import Entry, function
from snake.cel.values import LARGEST_UINT, Uint
from snake.core.numbers import signed

_BITS = 64


def _extreme(of: Callable[[Any], Any]) -> Callable[..., Any]:
    def extreme(*given: Any) -> object:  # noqa: ANN401
        values = given[0] if isinstance(given[0], list) else given
        if not values:
            raise EvaluationError("math.@min(list) argument must not be empty")
        return of(values)

    return extreme


def _whole(of: Callable[[float], float]) -> Callable[[float], float]:
    """Return a function to whole numbers, which leaves alone what is none."""
    return lambda value: float(of(value)) if math.isfinite(value) else value


def _round(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


def _sign(value: float) -> float:
    return value if math.isnan(value) else math.copysign(1.0, value) if value else 0.0


def _square_root(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


def _shift_left(value: int, by: int) -> int:
    if by < 0:
        raise EvaluationError(f"math.bitShiftLeft() negative offset: {by}")
    return value << by & LARGEST_UINT if by < _BITS else 0


def _shift_right(value: int, by: int) -> int:
    if by < 0:
        raise EvaluationError(f"math.bitShiftRight() negative offset: {by}")
    # Bits are shifted in as zeros, whatever the sign is.
    return (value & LARGEST_UINT) >> by if by < _BITS else 0


_KINDS = ("int", "uint", "double")
_EXTREMES = {"math.@min": _extreme(min), "math.@max": _extreme(max)}
_BITWISE = {"math.bitAnd": operator.and_, "math.bitOr": operator.or_, "math.bitXor": operator.xor}
_SHIFTS = {"math.bitShiftLeft": _shift_left, "math.bitShiftRight": _shift_right}
_WHOLE: dict[str, Callable[[float], float]] = {
    "math.ceil": math.ceil,
    "math.floor": math.floor,
    "math.round": _round,
    "math.trunc": math.trunc,
}
_TESTS = {"math.isInf": math.isinf, "math.isNaN": math.isnan, "math.isFinite": math.isfinite}


def _as_int(run: Callable[[int, int], int]) -> Callable[[int, int], int]:
    return lambda a, b: signed(run(a, b))


def _as_uint(run: Callable[[int, int], int]) -> Callable[[int, int], Uint]:
    return lambda a, b: Uint(run(a, b))


MATHEMATICS: tuple[Entry, ...] = (
    *(function(name, f"{kind} {kind}", run) for name, run in _EXTREMES.items() for kind in _KINDS),
    *(
        function(name, f"{one} {other} {one if one == other else 'dyn'}", run)
        for name, run in _EXTREMES.items()
        for one in _KINDS
        for other in _KINDS
    ),
    *(
        function(name, f"list({kind}) {kind}", run)
        for name, run in _EXTREMES.items()
        for kind in _KINDS
    ),
    *(function(name, "double double", _whole(run)) for name, run in _WHOLE.items()),
    *(function(name, "double bool", run) for name, run in _TESTS.items()),
    function("math.abs", "double double", abs),
    function("math.abs", "int int", lambda value: checked_int(abs(value))),
    function("math.abs", "uint uint", lambda value: value),
    function("math.sign", "double double", _sign),
    function("math.sign", "int int", lambda value: (value > 0) - (value < 0)),
    function("math.sign", "uint uint", lambda value: Uint(value > 0)),
    *(function("math.sqrt", f"{kind} double", _square_root) for kind in _KINDS),
    *(function(name, "int int int", _as_int(run)) for name, run in _BITWISE.items()),
    *(function(name, "uint uint uint", _as_uint(run)) for name, run in _BITWISE.items()),
    function("math.bitNot", "int int", operator.invert),
    function("math.bitNot", "uint uint", lambda value: Uint(value ^ LARGEST_UINT)),
    *(function(name, "int int int", _as_int(run)) for name, run in _SHIFTS.items()),
    *(function(name, "uint int uint", _as_uint(run)) for name, run in _SHIFTS.items()),
)
