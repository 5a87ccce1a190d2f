"""DNS-01: a name is proved by a record in the DNS (RFC 8555 §8.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from snake.acme.challenges import DNSChallenge, solver_of
from snake.acme.solver import SolverError
from snake.core.modules import Context
from snake.dns import solver as dns
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
    return DNS01(await solver_of(challenge, ctx))
