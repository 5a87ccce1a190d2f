"""Inventory: what of the document that runs the admin API tells of, beside the configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import msgspec

from snake.admin.upstreams import Upstream
from snake.config.document import encode
from snake.core.modules import Context
from snake.engine.reloads import Reloads
from snake.engine.warm import registry
from snake.proxy.survey import Surveyed, Totals, upstreams

if TYPE_CHECKING:
    from snake.pki.authority import Authority


class Inventory:
    """Looks things up in the generation that serves."""

    def __init__(self, reloads: Reloads) -> None:
        self._reloads = reloads

    def authorities(self) -> list[str]:
        """Return the IDs of the authorities that there are."""
        certificates = self._reloads.generation.certificates
        return [each.id for each in certificates.authorities] if certificates is not None else []

    async def authority(self, id: str) -> Authority:
        """Return an authority; the default one is made if need be. Raises `SnakeError`."""
        certificates = self._reloads.generation.certificates
        if certificates is not None:
            return await certificates.authorities.get(id)
        # A server without certificates has none of it.
        from snake.pki.authorities import Authorities  # noqa: PLC0415
        from snake.storage.chosen import chosen  # noqa: PLC0415

        document = self._reloads.generation.document
        async with AsyncExitStack() as stack:
            ctx = Context(registry(), stack)
            storage = await chosen(ctx.at("storage"), document.storage)
            known = await Authorities.provision(ctx.at("apps", "pki"), None, storage)
            return await known.get(id)

    def upstreams(self) -> Iterator[Upstream]:
        """Yield what is known of every upstream in the document; one of two proxies is one."""
        totals = self._totals()
        for each in {each.dial: each for each in self._surveyed()}.values():
            yield Upstream(each.dial, *each.counted(totals))

    def health(self) -> dict[str, bool]:
        """Return the upstreams in the document, and whether each is healthy."""
        totals = self._totals()
        return {each.dial: each.is_healthy(totals) for each in self._surveyed()}

    def _totals(self) -> Totals:
        return self._reloads.counting.ledger.total()

    def _surveyed(self) -> Iterator[Surveyed]:
        return upstreams(msgspec.json.decode(encode(self._reloads.generation.document)))
