"""What is imported ahead of time, for the supervisor and for its workers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import cache
from importlib import import_module

from snake.config.document import Document
from snake.core.errors import ConfigError
from snake.core.modules import Registry, decode
from snake.standard import MODULES

SHARED = (
    "asyncio",
    "snake.app.startup",
    "snake.engine.line",
    "snake.engine.loop",
    "snake.engine.needs",
    "snake.logs.app",
    "snake.metrics.figures",
    "snake.python.plan",
    "snake.python.pools",
)
"""What supervisor and workers run, and nothing that only the supervisor does."""
IMPORTS = (
    "httptools",
    "uvloop",
    "snake.http.app",
    "snake.transport.serve",
    "snake.directives.python",
    "snake.python.embedded",
    "snake.http.subroute",
    "snake.matchers.host",
    "snake.matchers.path",
)
"""What almost every worker runs. The zygote is done before the configuration is read."""


def share() -> None:
    """Load what the supervisor and its zygote both need, once, before they part."""
    _load(SHARED)
    decode(b"{}", Document)  # msgspec looks at all types of a document when it reads the first


def up() -> None:
    """Load all that almost every worker runs."""
    share()
    _load(IMPORTS)
    with contextlib.suppress(ConfigError):
        registry()


def _load(names: Iterable[str]) -> None:
    """Import them. What is missing here is missed again, with its message, where it is used."""
    for name in names:
        with contextlib.suppress(ImportError):
            import_module(name)


@cache
def registry() -> Registry:
    """Return the table of all modules, plugins included. Raises `ConfigError`."""
    return Registry(MODULES)
