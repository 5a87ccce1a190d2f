"""Seeker: finds the certificate that a client waits for.

It comes from a manager, from the storage, or from an issuer, which takes a while: however many
wait for a name, it is obtained once.
"""

from __future__ import annotations

import asyncio
import logging

from snake.storage.keys import ascii_name
from snake.tls.certificate_manager import ManagerError
from snake.tls.external import External, TooManyError
from snake.tls.keeper import Keeper
from snake.tls.permission import NotAllowedError
from snake.tls.policy import Policy
from snake.tls.ring import REFUSED, Found, Visitor
from snake.tls.subjects import patterns

logger = logging.getLogger("snake.tls")

MANAGED = 10.0
"""Seconds for which a manager's certificate is used before it is asked again."""
PATIENCE = 120.0
"""Seconds for which a client waits for an issuer at most (certmagic: 2 minutes)."""


class Seeker:
    """Answers for one document."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._automation = keeper.automation
        self._external = External()

    async def seek(self, name: str, visitor: Visitor) -> Found:
        """Return the certificate for a name, when it has come; or for how long there is none."""
        name = ascii_name(name)
        for covering in (name, *patterns(name)):
            managed = self._keeper.of(covering)
            if managed is not None and not managed.on_demand:
                return await self._await(covering)
        if ":" in visitor.hello.server_name:
            return Found(seconds=REFUSED)  # an address that is said is one of IPv4, as in Caddy
        policy = self._automation.policy_for(name)
        found = await self._managed_elsewhere(policy, name, visitor)
        if found is not None:
            return found
        if not policy.on_demand:
            return Found(seconds=REFUSED)
        try:
            await self._admit(name, policy, visitor)
        except NotAllowedError as error:
            fields = {"name": name, "client": visitor.client, "error": str(error)}
            logger.debug("no certificate for a client", extra={"fields": fields})
            return Found(seconds=error.seconds)
        return await self._await(name)

    async def _managed_elsewhere(self, policy: Policy, name: str, visitor: Visitor) -> Found | None:
        """Return what comes of asking managers; nothing if it is none of theirs."""
        try:
            found = await self._external.get(policy.managers, name, visitor)
        except TooManyError:
            return Found()
        except ManagerError:
            return Found(seconds=REFUSED)
        return None if found is None else Found(found, seconds=MANAGED)

    async def _admit(self, name: str, policy: Policy, visitor: Visitor) -> None:
        """Have a name kept up, if it may be. Raises `NotAllowedError`."""
        managed = self._keeper.of(name)
        if managed is not None and (
            managed.certificate or managed.working or not self._keeper.is_due(managed)
        ):
            return
        on_demand = self._automation.on_demand
        await on_demand.check(name, client=visitor.client, listed=policy.bounded)
        managed = await self._keeper.admit(name, policy)
        if managed.certificate is None:
            on_demand.admit()
            self._keeper.hurry(managed)

    async def _await(self, name: str) -> Found:
        """Wait for an attempt that is under way."""
        managed = self._keeper.of(name)
        if managed is None:
            return Found(seconds=REFUSED)
        if managed.certificate is None and self._keeper.is_due(managed):
            try:
                async with asyncio.timeout(PATIENCE):
                    await managed.news()
            except TimeoutError:
                return Found(seconds=REFUSED)
        if managed.certificate is not None:
            return Found(managed.certificate)
        return Found(seconds=REFUSED)
