"""Challenges: how a name is proved to an authority that issues by ACME."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Token
from snake.caddyfile.words import Words
from snake.config.struct import Config, Duration, Guest, nanoseconds
from snake.core.modules import Context
from snake.core.namespace import In
from snake.core.surroundings import PlaceholderError, fill
from snake.core.units import SECOND, duration

if TYPE_CHECKING:
    from snake.dns.solver import Solver

FOR_EVER = "-1"
"""The propagation timeout that is none."""


class HTTPChallenge(Config):
    """The challenge that is answered by HTTP."""

    disabled: bool = False
    alternate_port: int = 0


class TLSALPNChallenge(Config):
    """The challenge that is answered in a handshake."""

    disabled: bool = False
    alternate_port: int = 0


class DNSChallenge(Config):
    """The challenge that is answered by a record in the DNS."""

    provider: Annotated[Guest, In("dns.providers", "name")] = None
    ttl: Duration = 0
    propagation_delay: Duration = 0
    propagation_timeout: Duration = 0
    resolvers: tuple[str, ...] = ()
    override_domain: str = ""


async def solver_of(challenge: DNSChallenge, ctx: Context) -> Solver:
    """Return what has records in the DNS; `ctx` is where the challenge stands in the document.

    Without a provider of its own, it is that of `apps.tls`, and so are the resolvers. Raises
    `ConfigError`.
    """
    # Caddyfiles are read without all this, too.
    from snake.dns.provider import Defaults  # noqa: PLC0415
    from snake.dns.resolver import ResolverError  # noqa: PLC0415
    from snake.dns.solver import NO_CHECK, Solver  # noqa: PLC0415

    defaults = ctx.service(Defaults) or Defaults()
    provider = defaults.provider
    if challenge.provider is not None:
        provider = await ctx.at("provider").load(
            challenge.provider, namespace="dns.providers", key="name"
        )
    if provider is None:
        raise ctx.fail(
            "DNS challenge enabled, but no DNS provider configured: "
            "name one here, or for all with the global option dns"
        )
    timeout = nanoseconds(challenge.propagation_timeout)
    try:
        return Solver(
            provider,
            ttl=max(0, nanoseconds(challenge.ttl)) / SECOND,
            propagation_delay=nanoseconds(challenge.propagation_delay) / SECOND,
            propagation_timeout=NO_CHECK if timeout < 0 else timeout / SECOND,
            resolvers=challenge.resolvers or defaults.resolvers,
            override_domain=fill(challenge.override_domain),
        )
    except PlaceholderError as error:
        raise ctx.at("override_domain").fail(str(error)) from None
    except ResolverError as error:
        raise ctx.at("resolvers").fail(str(error)) from None


class Challenges(Config):
    """The challenges that an issuer may take."""

    http: HTTPChallenge | None = None
    tls_alpn: TLSALPNChallenge | None = msgspec.field(default=None, name="tls-alpn")
    dns: DNSChallenge | None = None
    bind_host: str = ""
    distributed: bool | None = None


TIMES = {
    "propagation_delay": "propagation_delay",
    "propagation_timeout": "propagation_timeout",
    "dns_ttl": "ttl",
}
"""Subdirectives that take a duration, and the field of each."""


def read_time(sub: Words, token: Token) -> int:
    """Read the duration of one of `TIMES`. Rejects the token."""
    if sub.name == "propagation_timeout" and token.text == FOR_EVER:
        return -1
    return sub.read(token, duration)


def read_provider(sub: Words, guests: Guests) -> msgspec.Raw:
    """Read the rest of a line as a DNS provider."""
    return guests.json(sub.guest(), "dns.providers", "name")
