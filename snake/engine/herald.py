"""Herald: who tells a person how the start goes, where there is one at the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from snake.engine.overview import AppView

Ready = Callable[[Sequence[str]], None]
"""Told by the supervisor where it listens, once everything serves. May raise `SnakeError`."""


class Herald(Protocol):
    """Told by the supervisor, in its event loop. Without one, the log tells."""

    def starting(self, apps: Sequence[str]) -> None:
        """Apps, named as `module:attribute`, are about to be started."""
        ...

    def serving(self, listening: Sequence[str], apps: Sequence[AppView], workers: int) -> None:
        """Everything is ready, at these URLs, or Unix sockets as in `unix//path`."""
        ...

    def close(self) -> None:
        """There is no more to tell; `serving` may not have come."""
        ...
