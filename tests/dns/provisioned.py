"""What modules are provisioned in."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from snake.core.modules import Context, Registry
from snake.standard import MODULES


def context(*steps: str, services: dict[type[Any], Any] | None = None) -> Context:
    """Return a context at a place of a document."""
    return Context(Registry(MODULES), AsyncExitStack(), services).at(*steps)
