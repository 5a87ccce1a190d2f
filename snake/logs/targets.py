"""Targets: one log each, with the rule for what it takes."""

from __future__ import annotations

from collections.abc import Sequence

from snake.core.record import Record
from snake.logs.encoders import Encoder
from snake.logs.sampling import Sampler
from snake.logs.writers import Writer


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
