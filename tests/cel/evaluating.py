"""Expressions with a host that knows nothing but a few values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from snake.cel.compile import compile_expression
from snake.cel.part import Run
from snake.cel.syntax import Foreign, Node
from snake.cel.types import ANY, Type
from snake.cel.values import adapt


class Values:
    """A host with one function: `v("name")` is a value, or null."""

    variable = "req"
    functions: Mapping[str, Type] = {"v": ANY}

    def arguments(self, call: Foreign) -> Sequence[Node]:
        """Return all arguments."""
        return call.arguments

    def bind(self, function: str, values: Sequence[object]) -> Run:
        """Return what looks a value up."""
        assert function == "v"
        return lambda host, _: adapt(host.get(values[0]))


def evaluate(expression: str, **values: object) -> Any:
    """Return the value of an expression. Raises `ExpressionError` and `EvaluationError`."""
    return compile_expression(expression, Values()).run(values, ())


def type_of(expression: str) -> str:
    """Return the type of an expression, in words. Raises `ExpressionError`."""
    return str(compile_expression(expression, Values()).type)
