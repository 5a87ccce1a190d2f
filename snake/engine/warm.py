"""What the zygote has ready, so that its forks need not load it."""

from __future__ import annotations

import contextlib
from functools import cache
from importlib import import_module

from snake.core.errors import ConfigError
from snake.core.modules import Registry
from snake.standard import MODULES

IMPORTS = (
    "asyncio",
    "httptools",
    "uvloop",
    "snake.http.app",
    "snake.logs.app",
    "snake.transport.serve",
    "snake.directives.python",
    "snake.python.embedded",
    "snake.http.subroute",
    "snake.matchers.host",
    "snake.matchers.path",
)
"""What almost every worker runs. The zygote is done before the configuration is read."""


def up() -> None:
    """Import it. What is missing here is missed again, with its message, where it is used."""
    for name in IMPORTS:
        with contextlib.suppress(ImportError):
            import_module(name)
    with contextlib.suppress(ConfigError):
        registry()


@cache
def registry() -> Registry:
    """Return the table of all modules, plugins included. Raises `ConfigError`."""
    return Registry(MODULES)
