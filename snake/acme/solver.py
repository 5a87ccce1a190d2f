"""Solver: the contract of what answers challenges of one type."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from snake.core.errors import SnakeError
from snake.tls.challenge import Challenge


class SolverError(SnakeError):
    """A challenge that cannot be answered from here, and why."""


class Solver(Protocol):
    """Answers challenges of one type."""

    type: str

    def solving(self, challenge: Challenge) -> AbstractAsyncContextManager[None]:
        """Answer a challenge as long as this is open; when it is entered, the authority may look.

        Raises `SolverError`. What was put somewhere is taken away however it ends.
        """
        ...
