"""Targets: one log each, with the rule for what it takes."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from snake.core.record import Record
from snake.logs.encoders import Encoder, JSONLines
from snake.logs.sampling import Sampler
from snake.logs.writers import Writer, stderr


class Target(Record):
    """A log of the configuration, ready to be written to."""

    level: int
    encoder: Encoder
    writer: Writer
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    sampler: Sampler | None = None

    def keeps(self, level: int, message: str, time: float) -> bool:
        """Tell whether a record of a logger that this log takes is written."""
        if level < self.level:
            return False
        return self.sampler is None or self.sampler.takes(level, message, time)

    def takes(self, logger: str) -> bool:
        """Tell whether this log takes the records of a logger.

        The longest name that covers the logger decides; `http` covers
        `http.log`, not `httpd`. With `include`, only what it covers is taken.
        Source: Caddy's `CustomLog.loggerAllowed`.
        """
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
