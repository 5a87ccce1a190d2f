"""DNS-01: a name is proved by a record in the DNS (RFC 8555 §8.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from snake.acme.challenges import DNSChallenge
from snake.acme.solver import SolverError
from snake.config.struct import Duration, nanoseconds
from snake.core.modules import Context
from snake.core.surroundings import PlaceholderError, fill
from snake.core.units import SECOND
from snake.dns import solver as dns
from snake.dns.provider import Defaults, Provider
from snake.dns.resolver import ResolverError
from snake.tls.challenge import Challenge

TYPE = "dns-01"


class DNS01:
    """Answers challenges by records that a provider puts into the DNS."""

    type = TYPE

    def __init__(self, solver: dns.Solver) -> None:
        self._solver = solver

    @asynccontextmanager
    async def solving(self, challenge: Challenge) -> AsyncIterator[None]:
        """Have the record in the DNS as long as this is open. Raises `SolverError`."""
        solving = self._solver.solving(challenge.name, challenge.key_authorization)
        try:
            await solving.__aenter__()
        except dns.SolverError as error:
            raise SolverError(str(error)) from None
        try:
            yield
        finally:
            await solving.__aexit__(None, None, None)


async def provisioned(ctx: Context, challenge: DNSChallenge) -> DNS01:
    """Return what answers by DNS, as a configuration says. Raises `ConfigError`.

    Without a provider of its own it is the one of the global option `dns`.
    """
    defaults = ctx.service(Defaults) or Defaults()
    provider: Provider | None = defaults.provider
    if challenge.provider is not None:
        at = ctx.at("provider")
        provider = await at.load(challenge.provider, namespace="dns.providers", key="name")
    if provider is None:
        raise ctx.fail("DNS challenge enabled, but no DNS provider configured")
    try:
        return DNS01(
            dns.Solver(
                provider,
                ttl=_seconds(challenge.ttl),
                propagation_delay=_seconds(challenge.propagation_delay),
                propagation_timeout=_timeout(challenge.propagation_timeout),
                resolvers=challenge.resolvers or defaults.resolvers,
                override_domain=fill(challenge.override_domain),
            )
        )
    except PlaceholderError as error:
        raise ctx.at("override_domain").fail(str(error)) from None
    except ResolverError as error:
        raise ctx.at("resolvers").fail(str(error)) from None


def _seconds(value: Duration) -> float:
    return max(nanoseconds(value) / SECOND, 0)


def _timeout(value: Duration) -> float:
    return dns.NO_CHECK if nanoseconds(value) < 0 else _seconds(value)
