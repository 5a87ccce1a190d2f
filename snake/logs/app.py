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
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from time import time
from typing import Self

from snake.config.logging import BaseLog, Log, Logging
from snake.core.modules import Context
from snake.core.surroundings import PlaceholderError, fill
from snake.logs import levels
from snake.logs.encoders import STACK, Prepared, Record, around_time, number
from snake.logs.keeping import Care
from snake.logs.sampling import Sampler
from snake.logs.targets import Target, default_encoder, default_target
from snake.logs.trouble import STDERR
from snake.logs.writers import Nowhere, stderr

ROOT = "snake"
ADOPTED = ("asyncio", "hypercorn.error")
"""Loggers of libraries whose records are ours to show."""


class Sink:
    """Takes the records of one logger, on the event loop; a turn's lines go out in one write."""

    __slots__ = ("_heads", "_level", "_logger", "_outlets", "_plain")

    def __init__(self, logger: str, outlets: Iterable[_Outlet]) -> None:
        self._logger = logger
        self._outlets = tuple(outlets)
        (first, *others) = self._outlets
        self._plain = first if not others and first.target.is_plain else None
        self._level = first.target.level
        self._heads: dict[tuple[int, str], tuple[bytes, bytes]] = {}

    def emit_prepared(self, level: int, msg: str, fields: Prepared) -> None:
        """Log one record of which the JSON is nearly there."""
        plain = self._plain
        if plain is None:
            self.emit(level, msg, fields)
        elif level >= self._level:
            before, after = self._heads.get((level, msg)) or self._head(level, msg)
            line = fields.line(before, number(time()), after)
            if plain.lines:
                plain.lines.append(line)
            else:
                plain.add(line)

    def emit(self, level: int, msg: str, fields: Mapping[str, object]) -> None:
        """Log one record. `level` is the standard library's."""
        record = Record(level, time(), self._logger, msg, fields)
        for outlet in self._outlets:
            if outlet.target.keeps(level, msg, record.time):
                outlet.add(outlet.target.line(record))

    def _head(self, level: int, msg: str) -> tuple[bytes, bytes]:
        head = self._heads[level, msg] = around_time(level, self._logger, msg)
        return head


class _Outlet:
    """Gathers the lines of a turn of the loop for one target."""

    __slots__ = ("lines", "target")

    def __init__(self, target: Target) -> None:
        self.target = target
        self.lines: list[bytes] = []

    def add(self, line: bytes) -> None:
        if not self.lines:
            asyncio.get_running_loop().call_soon(self.flush)
        self.lines.append(line)

    def flush(self) -> None:
        if self.lines:
            lines = b"".join(self.lines)
            self.lines.clear()
            self.target.writer.write(lines)


class Logs:
    """The logs of one process."""

    def __init__(self, targets: Sequence[Target], sink: Target | None = None) -> None:
        kept = [target for target in targets if not isinstance(target.writer, Nowhere)]
        self._outlets = [_Outlet(target) for target in kept]
        place = next((target.writer.name for target in targets), STDERR)
        self._handler = _Handler(kept, place)
        self._of_others = self._handler if sink is None else _Handler([sink], place)

    def sink(self, logger: str) -> Sink | None:
        """Return the way to log as `logger`; `None` when no log takes its records."""
        outlets = [outlet for outlet in self._outlets if outlet.target.takes(logger)]
        return Sink(logger, outlets) if outlets else None

    def announce(self) -> None:
        """Say in the log that is installed that the next records are in another place."""
        root = logging.getLogger(ROOT)
        before = next((each.place for each in root.handlers if isinstance(each, _Handler)), "")
        if before not in ("", self._handler.place):
            fields = {"from": before, "to": self._handler.place}
            root.info("redirected default logger", extra={"fields": fields})

    def install(self) -> None:
        """Make the standard library's loggers of snake write here, and nowhere else."""
        root = logging.getLogger(ROOT)
        root.handlers = [self._handler]
        root.propagate = False
        root.setLevel(min((outlet.target.level for outlet in self._outlets), default=logging.ERROR))
        for name in ADOPTED:
            logging.getLogger(name).handlers = [self._of_others]
            logging.getLogger(name).propagate = False
            logging.getLogger(name).disabled = False

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

    def __init__(self, targets: list[Target], place: str) -> None:
        super().__init__()
        self._targets = targets
        self.place = place
        """Where the default log, the first one, goes."""

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
            target.writer.write(target.line(ours))


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
    sink = None if config.sink is None else await _target(ctx.at("sink"), config.sink)
    logs = {"default": Log(), **config.logs}
    targets = []
    for name, log in logs.items():
        _check_names(ctx.at("logs", name), log)
        targets.append(await _target(ctx.at("logs", name), log, log.include, log.exclude))
    made = Logs(targets, sink)
    if ctx.service(Care) is not None:
        made.announce()
    return await ctx.enter(made)


async def _target(
    ctx: Context, log: BaseLog, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Target:
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
    core = None
    if log.core is not None:
        core = await ctx.at("core").load(log.core, namespace="caddy.logging.cores", key="module")
    return Target(
        _level(ctx.at("level"), log.level),
        encoder,
        writer,
        tuple(include),
        tuple(exclude),
        None if log.sampling is None else Sampler(log.sampling),
        core,
        log.with_caller_skip if log.with_caller else None,
        _level(ctx.at("with_stacktrace"), log.with_stacktrace) if log.with_stacktrace else None,
    )


def _level(ctx: Context, text: str) -> int:
    try:
        level = levels.number(fill(text))
    except PlaceholderError as error:
        raise ctx.fail(f"invalid log level: {error}") from None
    if level is None:
        raise ctx.fail(f'unknown level "{text}"; one of debug, info, warn, error, panic, fatal')
    return level


def _check_names(ctx: Context, log: Log) -> None:
    """Refuse rules that contradict each other, as Caddy does. Raises `ConfigError`."""
    if not (log.include and log.exclude):
        return
    for place, name in enumerate(log.include):
        if name in log.exclude:
            raise ctx.at("include", place).fail(f'"{name}" is in exclude as well')
        if not any(_covers(name, other) or _covers(other, name) for other in log.exclude):
            raise ctx.at("include", place).fail(
                f'"{name}" neither covers a name in exclude nor is covered by one, so it says '
                "nothing"
            )


def _covers(name: str, other: str) -> bool:
    return f"{other}.".startswith(f"{name}.")
