"""Managers: what has the certificate for a handshake, and gives it when asked.

Syntax, in `get_certificate`::

    http <url>
    tailscale
"""

from __future__ import annotations

from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.core.modules import Module


class HTTP(Module):
    """The JSON of `tls.get_certificate.http`: a URL that answers with certificate and key."""

    id = "tls.get_certificate.http"

    url: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `http <url>`."""
        del guests
        url = Words(line).only("a URL").text
        if line.lines:
            line.lines[0].fail("http: a block is not allowed here")
        return cls(url=url)


class Tailscale(Module):
    """The JSON of `tls.get_certificate.tailscale`: the Tailscale daemon on this machine."""

    id = "tls.get_certificate.tailscale"

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `tailscale`. A block means nothing, as in Caddy."""
        del guests
        Words(line).none()
        return cls()
