"""Cores: what takes records beside the writer of a log."""

from __future__ import annotations

from typing import Protocol, Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.core.modules import Context, Module
from snake.logs.encoders import Record


class Core(Protocol):
    """What a module of `caddy.logging.cores` provides."""

    def take(self, record: Record) -> None:
        """Take a record that its log writes. It must not raise or wait."""
        ...


class Mock(Module):
    """The JSON of `caddy.logging.cores.mock`, which Caddy has for its tests: takes and forgets."""

    id = "caddy.logging.cores.mock"

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `mock`; what else stands there means nothing."""
        del line, guests
        return cls()

    async def provision(self, ctx: Context) -> Core:
        """Return it."""
        del ctx
        return Forgetful()


class Forgetful:
    """Forgets what it takes."""

    def take(self, record: Record) -> None:
        """Do nothing."""
        del record
