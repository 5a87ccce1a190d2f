"""Cores: what takes records beside the writer of a log."""

from __future__ import annotations

from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.core.modules import Module


class Mock(Module):
    """The JSON of `caddy.logging.cores.mock`, which Caddy has for its tests."""

    id = "caddy.logging.cores.mock"

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `mock`; what else stands there means nothing."""
        del line, guests
        return cls()
