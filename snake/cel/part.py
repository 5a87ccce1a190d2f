"""Part: what an expression, or a piece of one, is compiled to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from snake.cel.types import Type

Locals = tuple[Any, ...]
"""The values of the variables that macros have made, the outermost first."""

Run = Callable[[Any, Locals], Any]
"""Returns the value, given what the host has. Raises `EvaluationError`."""

VARIES = object()
"""In the place of a constant: the value is known only when the expression runs."""


class Part(NamedTuple):
    """A piece of an expression, compiled."""

    type: Type
    run: Run
    constant: Any = VARIES

    @property
    def is_constant(self) -> bool:
        """Whether the value is known already."""
        return self.constant is not VARIES


def constant(kind: Type, value: object) -> Part:
    """Return the part that always has this value."""
    return Part(kind, lambda _, __: value, value)
