"""`logging`: the logs, and which records go to each. Names are Caddy's."""

from __future__ import annotations

from typing import Annotated

from snake.config.struct import Config, Guest
from snake.core.namespace import In


class Sampling(Config):
    """Keep the first records of each interval, then every so-many-th."""

    interval: int = 0
    """In nanoseconds."""
    first: int = 0
    thereafter: int = 0


class BaseLog(Config):
    """What every log has: where its records go, and how they look."""

    writer: Annotated[Guest, In("caddy.logging.writers", "output")] = None
    encoder: Annotated[Guest, In("caddy.logging.encoders", "format")] = None
    core: Annotated[Guest, In("caddy.logging.cores", "module")] = None
    level: str = ""
    sampling: Sampling | None = None
    with_caller: bool = False
    with_caller_skip: int = 0
    with_stacktrace: str = ""


class Log(BaseLog):
    """One log, and which records it takes."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class SinkLog(BaseLog):
    """Where the records of libraries go that know nothing of snake."""


class Logging(Config):
    """All logs by name; `default` takes what no other excludes from it."""

    sink: SinkLog | None = None
    logs: dict[str, Log] = {}
