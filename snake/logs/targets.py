"""Targets: one log each, with the rule for what it takes."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from snake.core.record import Record as Value
from snake.logs.caller import caller, stack
from snake.logs.cores import Core
from snake.logs.encoders import CALLER, STACK, Encoder, JSONLines, Record, is_default
from snake.logs.sampling import Sampler
from snake.logs.writers import Writer, stderr

ALL = "*"
"""In `exclude`: every logger."""


class Target(Value):
    """A log of the configuration, ready to be written to."""

    level: int
    encoder: Encoder
    writer: Writer
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    sampler: Sampler | None = None
    core: Core | None = None
    caller: int | None = None
    """How many calls to skip to find who has logged; `None` if that is not told."""
    stack_level: int | None = None
    """From which level on the stack is told, if it is."""

    def keeps(self, level: int, message: str, time: float) -> bool:
        """Tell whether a record of a logger that this log takes is written."""
        if level < self.level:
            return False
        return self.sampler is None or self.sampler.takes(level, message, time)

    @property
    def is_plain(self) -> bool:
        """Whether nothing happens to a record but that it is written as usual."""
        return (
            is_default(self.encoder)
            and self.sampler is None
            and self.core is None
            and self.caller is None
            and self.stack_level is None
        )

    def line(self, record: Record) -> bytes:
        """Return the line of a record, with what this log adds; the core has it as well."""
        more: dict[str, object] = {}
        if self.caller is not None:
            more[CALLER] = caller(self.caller)
        if (
            self.stack_level is not None
            and record.level >= self.stack_level
            and STACK not in record.fields
        ):
            more[STACK] = stack()
        if more:
            record = record._replace(fields={**record.fields, **more})
        if self.core is not None:
            self.core.take(record)
        return self.encoder.encode(record)

    def takes(self, logger: str) -> bool:
        """Tell whether this log takes the records of a logger.

        The longest name that covers the logger decides; `http` covers
        `http.log`, not `httpd`. With `include`, only what it covers is taken.
        Source: Caddy's `CustomLog.loggerAllowed`.
        """
        if ALL in self.exclude:
            return False
        accept = _longest(self.include, logger)
        reject = _longest(self.exclude, logger)
        if self.include and not accept:
            return False
        return accept > reject or (not self.include and not reject)


def _longest(namespaces: Sequence[str], logger: str) -> int:
    return max((len(name) for name in namespaces if f"{logger}.".startswith(f"{name}.")), default=0)


def default_target(level: int = logging.INFO) -> Target:
    """Return what holds without a configuration: everything from a level up, to stderr."""
    writer = stderr()
    return Target(level, default_encoder(writer), writer)


def default_encoder(writer: Writer) -> Encoder:
    """Return how lines are written to a place that no format was chosen for."""
    if not writer.is_terminal:
        return JSONLines()
    from snake.logs.terminal import TerminalLines  # noqa: PLC0415  (a service never needs it)

    return TerminalLines()
