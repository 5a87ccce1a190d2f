"""The journald encoder: lines that begin with the priority that systemd's journal reads."""

from __future__ import annotations

import logging
from typing import Any, Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.core.modules import Context
from snake.logs.encoders import Encoder, Record
from snake.logs.wrapping import Wrapping, WrappingModule, read_wrap

_PRIORITIES = (
    (logging.CRITICAL, b"<2>"),
    (logging.ERROR, b"<3>"),
    (logging.WARNING, b"<4>"),
    (logging.INFO, b"<6>"),
)
_LOWEST = b"<7>"


class Journald(WrappingModule):
    """The JSON of `caddy.logging.encoders.journald`.

    The console's lines have no time, since the journal has it.
    """

    id = "caddy.logging.encoders.journald"

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `journald { wrap <encoder> … }`."""
        if line.args:
            line.args[0].fail(f"{line.name} takes no argument, got {line.args[0]}")
        fields: dict[str, Any] = {}
        for sub in subdirectives(line, ("wrap",)):
            fields[sub.name] = read_wrap(sub, guests)
        return cls(**fields)

    async def provision(self, ctx: Context) -> Encoder:
        """Return the encoder."""
        return JournalLines(await self.wrapped(ctx))


class JournalLines(Wrapping):
    """Lines of another encoder, with a priority before each."""

    def encode(self, record: Record) -> bytes:
        """Return the whole line, with its end."""
        priority = next((text for level, text in _PRIORITIES if record.level >= level), _LOWEST)
        return priority + self.wrapped.without_time().encode(record)

    def over(self, wrapped: Encoder) -> Encoder:
        """Return the same encoder over another."""
        return JournalLines(wrapped)
