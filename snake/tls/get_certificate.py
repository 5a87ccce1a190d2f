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
from snake.core.modules import Context, Module
from snake.tls.certificate_manager import Manager


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

    async def provision(self, ctx: Context) -> Manager:
        """Check that there is a URL. Raises `ConfigError`."""
        from snake.tls.certificate_url import CertificateURL  # noqa: PLC0415  (seldom needed)

        if not self.url:
            raise ctx.at("url").fail("URL is required")
        return CertificateURL(self.url)


class Tailscale(Module):
    """The JSON of `tls.get_certificate.tailscale`: the Tailscale daemon on this machine."""

    id = "tls.get_certificate.tailscale"

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `tailscale`. A block means nothing, as in Caddy."""
        del guests
        Words(line).none()
        return cls()

    async def provision(self, ctx: Context) -> Manager:
        """Return what asks the daemon."""
        from snake.tls.tailscale import Tailscaled  # noqa: PLC0415  (seldom needed)

        del ctx
        return Tailscaled()
