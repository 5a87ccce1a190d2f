"""What can go wrong with an expression: when it is compiled, and when it is run."""

from __future__ import annotations

from snake.core.errors import SnakeError


class ExpressionError(SnakeError):
    """An expression that is no CEL, or whose types do not fit.

    `at` is the index of the character where that shows.
    """

    def __init__(self, problem: str, at: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.at = at


class EvaluationError(Exception):
    """An expression that has no value for this request: CEL's errors at run time."""


class NoSuchOverloadError(EvaluationError):
    """A function was given values of kinds that it does not take."""

    def __init__(self) -> None:
        super().__init__("no such overload")
