"""The internal issuer: certificates from an authority of the server's own.

Syntax, as an issuer::

    internal {
        ca       <authority_id>
        lifetime <duration>
        sign_with_root
    }

The authority is `local`, or one that the option `pki` describes. Certificates are valid for
`lifetime` (12h), but no longer than what signs them: the authority's intermediate, or with
`sign_with_root` its root, which only clients need that do not look at the chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.config.struct import Duration, seconds
from snake.core.errors import ConfigError
from snake.core.modules import Context, Module
from snake.core.units import duration
from snake.tls.certificate import Certificate
from snake.tls.issuer import Issued, Issuer, RenewalWindow, Request

if TYPE_CHECKING:
    from snake.pki.authority import Authority

LIFETIME = 12 * 3600.0
"""Seconds for which a certificate is valid if nothing is said of it."""


class Internal(Module):
    """The JSON of `tls.issuance.internal`."""

    id = "tls.issuance.internal"

    ca: str = ""
    lifetime: Duration = 0
    sign_with_root: bool = False

    async def provision(self, ctx: Context) -> Issuer:
        """Return the issuer. Raises `ConfigError`, and `StartError` if its authority fails."""
        # Only who issues needs what makes certificates, which takes a while to load.
        from snake.pki.authorities import Authorities  # noqa: PLC0415
        from snake.pki.terms import DEFAULT_ID  # noqa: PLC0415

        lifetime = seconds(self.lifetime, ctx.at("lifetime").path)
        authorities = ctx.service(Authorities)
        if authorities is None:
            raise ctx.fail("there are no certificate authorities in this process")
        try:
            authority = await authorities.get(self.ca or DEFAULT_ID)
        except ConfigError as error:
            raise ctx.at("ca").fail(error.message) from None
        return InternalIssuer(
            authority, LIFETIME if lifetime is None else lifetime, self.sign_with_root
        )

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


class InternalIssuer:
    """Has an authority of our own sign."""

    def __init__(self, authority: Authority, lifetime: float, sign_with_root: bool) -> None:  # noqa: FBT001
        self.key = authority.id
        self._authority = authority
        self._lifetime = lifetime
        self._sign_with_root = sign_with_root

    async def issue(self, request: Request) -> Issued:
        """Return a certificate for the names in the signing request. Raises `IssueError`."""
        chain = await self._authority.issue(
            request.csr, lifetime=self._lifetime, sign_with_root=self._sign_with_root
        )
        return Issued(chain)

    async def renewal_window(self, certificate: Certificate) -> RenewalWindow | None:
        """Return `None`: it has no opinion."""
        del certificate
        return None


_NAMES = ("ca", "lifetime", "sign_with_root")
