"""The network writer: sends lines to a socket."""

from __future__ import annotations

from typing import Any, Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.config.struct import Duration
from snake.core.modules import Module
from snake.core.units import duration


class Net(Module):
    """The JSON of `caddy.logging.writers.net`: `address` is like `tcp/localhost:514`.

    With `soft_start`, a socket that cannot be reached when the config is loaded is no error.
    """

    id = "caddy.logging.writers.net"

    address: str = ""
    dial_timeout: Duration = 0
    soft_start: bool = False

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `net <address> { … }`."""
        del guests
        fields: dict[str, Any] = {"address": line.arg()}
        for sub in subdirectives(line, ("dial_timeout", "soft_start")):
            if sub.name == "dial_timeout":
                fields[sub.name] = sub.value(duration)
            else:
                sub.none()
                fields[sub.name] = True
        return cls(**fields)
