"""Running: what the API needs of the engine that it speaks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from snake.core.record import Record

Edit = Callable[[bytes], bytes]
"""From the JSON that runs to the one that is to run. What it raises comes out of `change`."""


class Origin(Record):
    """The file that a client has taken a configuration from, so that it can be read again."""

    file: str = ""
    """Empty if the client names none."""
    adapter: str = ""


class Warned(Protocol):
    """What an adapter has to say about a line."""

    @property
    def file(self) -> str:
        """The file; `Caddyfile` for one that was sent."""
        ...

    @property
    def line(self) -> int:
        """From 1."""
        ...

    @property
    def directive(self) -> str:
        """Which it is about; empty if it is about none."""
        ...

    @property
    def message(self) -> str:
        """What is to be said."""
        ...


class Adapted(Protocol):
    """A configuration that an adapter has read."""

    @property
    def json(self) -> bytes:
        """The JSON that it made."""
        ...

    @property
    def warnings(self) -> Sequence[Warned]:
        """What it has to say about the text."""
        ...


class Running(Protocol):
    """What runs. Whoever asks for a change waits until those before are done."""

    @property
    def json(self) -> bytes:
        """The JSON that runs, with its IDs; `null` when there is none."""
        ...

    @property
    def adapters(self) -> Sequence[str]:
        """The names of the adapters."""
        ...

    async def change(self, edit: Edit, *, force: bool, origin: Origin) -> bool:
        """Run what an edit makes of the JSON that runs; return whether another one runs now.

        Without `force` nothing is done when it is the same. Raises what the edit does, and
        `SnakeError` when it cannot run; then nothing has changed.
        """
        ...

    async def adapt(self, body: bytes, adapter: str) -> Adapted:
        """Adapt a text. Raises `SnakeError`."""
        ...

    async def load(self, adapted: Adapted, *, force: bool, origin: Origin) -> bool:
        """Run what was adapted, as `change` does; its errors name the lines of the text."""
        ...

    def stop(self) -> None:
        """Begin the graceful end."""
        ...
