"""The internal issuer: certificates from an authority of the server's own.

Syntax, as an issuer::

    internal {
        ca       <authority_id>
        lifetime <duration>
        sign_with_root
    }
"""

from __future__ import annotations

from typing import Any, Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.config.struct import Duration
from snake.core.modules import Module
from snake.core.units import duration


class Internal(Module):
    """The JSON of `tls.issuance.internal`."""

    id = "tls.issuance.internal"

    ca: str = ""
    lifetime: Duration = 0
    sign_with_root: bool = False

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read a line. One with arguments has no block for Caddy, and they mean nothing."""
        del guests
        fields: dict[str, Any] = {}
        for sub in subdirectives(line, _NAMES) if not line.args else ():
            match sub.name:
                case "ca":
                    fields["ca"] = sub.only("the ID of an authority").text
                case "lifetime":
                    fields["lifetime"] = sub.read(sub.take("a duration"), duration)
                case _:
                    sub.none()
                    fields["sign_with_root"] = True
        return cls(**fields)


_NAMES = ("ca", "lifetime", "sign_with_root")
