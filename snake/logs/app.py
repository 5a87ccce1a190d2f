"""Logs: where every record of snake goes, as `logging` in the document says.

Modules log through the standard library, to `logging.getLogger("snake.<name>")`
with `extra={"fields": {...}}`, and know nothing of this. `<name>` is Caddy's name
of the logger. The access log, a record per request, takes the short way of a
`Sink`, which is resolved once.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from time import time
from typing import Self

from snake.config.logging import Log, Logging
from snake.core.modules import Context
from snake.logs import levels
from snake.logs.encoders import STACK, Prepared, Record, around_time, is_default, number
from snake.logs.sampling import Sampler
from snake.logs.targets import Target, default_encoder, default_target
from snake.logs.writers import stderr

ROOT = "snake"
ADOPTED = ("asyncio", "hypercorn.error")
"""Loggers of libraries whose records are ours to show."""

UNAVAILABLE = ("with_caller", "with_caller_skip", "with_stacktrace")
"""Fields of a log that this version reads but cannot honour."""


class Sink:
    """Takes the records of one logger, on the event loop; a turn's lines go out in one write."""

    __slots__ = ("_heads", "_logger", "_outlets", "_plain")

    def __init__(self, logger: str, outlets: Iterable[_Outlet]) -> None:
        self._logger = logger
        self._outlets = tuple(outlets)
        (first, *others) = self._outlets
        self._plain = first if not others and first.is_plain else None
        self._heads: dict[tuple[int, str], tuple[str, str]] = {}

    def emit(self, level: int, msg: str, fields: Mapping[str, object]) -> None:
        """Log one record. `level` is the standard library's."""
        plain = self._plain
        if plain is not None and isinstance(fields, Prepared):
            if level >= plain.target.level:
                before, after = self._heads.get((level, msg)) or self._head(level, msg)
                plain.add(f"{before}{number(time())}{after},{fields.json()}}}\n".encode())
            return
        record = Record(level, time(), self._logger, msg, fields)
        for outlet in self._outlets:
            if outlet.target.keeps(level, msg, record.time):
                outlet.add(outlet.target.encoder.encode(record))

    def _head(self, level: int, msg: str) -> tuple[str, str]:
        head = self._heads[level, msg] = around_time(level, self._logger, msg)
        return head


class _Outlet:
    """Gathers the lines of a turn of the loop for one target."""

    __slots__ = ("_lines", "is_plain", "target")

    def __init__(self, target: Target) -> None:
        self.target = target
        self.is_plain = is_default(target.encoder) and target.sampler is None
        self._lines: list[bytes] = []

    def add(self, line: bytes) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_soon(self.flush)
        self._lines.append(line)

    def flush(self) -> None:
        if self._lines:
            lines = b"".join(self._lines)
            self._lines.clear()
            self.target.writer.write(lines)


class Logs:
    """The logs of one process."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self._outlets = [_Outlet(target) for target in targets]
        self._handler = _Handler([outlet.target for outlet in self._outlets])

    def sink(self, logger: str) -> Sink | None:
        """Return the way to log as `logger`; `None` when no log takes its records."""
        outlets = [outlet for outlet in self._outlets if outlet.target.takes(logger)]
        return Sink(logger, outlets) if outlets else None

    def install(self) -> None:
        """Make the standard library's loggers of snake write here, and nowhere else."""
        root = logging.getLogger(ROOT)
        root.handlers = [self._handler]
        root.propagate = False
        root.setLevel(min((outlet.target.level for outlet in self._outlets), default=logging.ERROR))
        for name in ADOPTED:
            logging.getLogger(name).handlers = [self._handler]
            logging.getLogger(name).propagate = False

    def reclaim(self) -> None:
        """Undo what an app's `logging.config` did to snake's own loggers.

        `dictConfig` disables every logger it is not told of, unless it is asked not to.
        """
        self.install()
        for name, logger in logging.root.manager.loggerDict.items():
            if isinstance(logger, logging.Logger) and f"{name}.".startswith(f"{ROOT}."):
                logger.disabled = False

    async def __aenter__(self) -> Self:
        self.install()
        return self

    async def __aexit__(self, *_: object) -> None:
        for outlet in self._outlets:
            outlet.flush()
        default_logs().install()


class _Handler(logging.Handler):
    """Brings the standard library's records to the targets.

    It owns nothing: `logging.config` closes handlers that are not its own.
    """

    def __init__(self, targets: list[Target]) -> None:
        super().__init__()
        self._targets = targets

    def emit(self, record: logging.LogRecord) -> None:
        name = record.name.removeprefix(ROOT).removeprefix(".")
        targets = [t for t in self._targets if record.levelno >= t.level and t.takes(name)]
        if targets:
            with suppress(Exception):  # a record that cannot be written never stops a request
                _write(record, name, targets)


def _write(record: logging.LogRecord, name: str, targets: Iterable[Target]) -> None:
    ours = Record(record.levelno, record.created, name, record.getMessage(), _fields(record))
    for target in targets:
        if target.keeps(ours.level, ours.message, ours.time):
            target.writer.write(target.encoder.encode(ours))


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields: dict[str, object] = dict(getattr(record, "fields", None) or {})
    if record.exc_info and (error := record.exc_info[1]) is not None:
        fields.setdefault("error", "".join(traceback.format_exception_only(error)).rstrip())
        fields[STACK] = "".join(traceback.format_exception(*record.exc_info))
    return fields


def default_logs(level: int = logging.INFO) -> Logs:
    """Return what holds without a configuration."""
    return Logs([default_target(level)])


async def open_logs(ctx: Context, config: Logging | None) -> Logs:
    """Open the logs of a document and install them until `ctx` ends; `ctx` is at `logging`.

    Raises `ConfigError` and `StartError`.
    """
    config = config or Logging()
    if config.sink is not None:
        raise ctx.at("sink").fail("not available in this version of snake")
    logs = {"default": Log(), **config.logs}
    targets = [await _target(ctx.at("logs", name), log) for name, log in logs.items()]
    return await ctx.enter(Logs(targets))


async def _target(ctx: Context, log: Log) -> Target:
    for field in UNAVAILABLE:
        if getattr(log, field):
            raise ctx.at(field).fail("not available in this version of snake")
    level = levels.number(log.level)
    if level is None:
        raise ctx.at("level").fail(f'unknown level "{log.level}"; one of debug, info, warn, error')
    writer = stderr()
    if log.writer is not None:
        writer = await ctx.at("writer").load(
            log.writer, namespace="caddy.logging.writers", key="output"
        )
    encoder = default_encoder(writer)
    if log.encoder is not None:
        encoder = await ctx.at("encoder").load(
            log.encoder, namespace="caddy.logging.encoders", key="format"
        )
        encoder = encoder.with_default(default_encoder(writer))
    if log.core is not None:
        await ctx.at("core").load(log.core, namespace="caddy.logging.cores", key="module")
    sampler = None if log.sampling is None else Sampler(log.sampling)
    return Target(level, encoder, writer, log.include, log.exclude, sampler)
