"""ZeroSSLIssuer: certificates by the API of ZeroSSL.

Names are proved by files that any server of ours answers with, or by aliases in the DNS.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from snake.acme.distributed import Shared
from snake.acme.presented import Presented
from snake.core.errors import SnakeError
from snake.core.finishing import to_the_end
from snake.dns.solver import Solver
from snake.issuers.zerossl_api import API, BY_CNAME, BY_FILE, DRAFT, ISSUED, PENDING, Order, Proof
from snake.tls.certificate import Certificate
from snake.tls.challenge import PKI_VALIDATION, Challenge
from snake.tls.issuer import Issued, IssueError, RenewalWindow, Request

log = logging.getLogger("snake.tls.issuance.zerossl")

KEY = "zerossl"
"""Its folder of the storage (certmagic: the same)."""
_INTERVAL = 5.0
"""Seconds between two looks at an order (certmagic: the same)."""
_MOST_LOOKS = 120
_CANCELLING = 20.0
"""Seconds that giving up an order may take."""


class ZeroSSLIssuer:
    """An `Issuer`."""

    key = KEY

    def __init__(  # noqa: PLR0913  (its settings)
        self,
        api: API,
        presented: Presented,
        *,
        cname: Solver | None = None,
        days: int = 0,
        elsewhere: tuple[Shared, ...] = (),
        interval: float = _INTERVAL,
    ) -> None:
        self.elsewhere = elsewhere
        """Where other machines put the files that they are asked for."""
        self._api = api
        self._presented = presented
        self._cname = cname
        self._days = days
        self._interval = interval

    async def issue(self, request: Request) -> Issued:
        """Return a certificate. Raises `IssueError`. An order that fails is given up."""
        order = await self._api.create(request.names, request.csr, self._days)
        log.info("ordered a certificate", extra={"fields": {"names": request.names}})
        try:
            return await self._issued(order, request.names)
        except BaseException:
            await to_the_end(self._cancelled(order))
            raise

    async def renewal_window(self, certificate: Certificate) -> RenewalWindow | None:
        """Return nothing: ZeroSSL has no opinion."""
        del certificate
        return None

    async def _issued(self, order: Order, names: tuple[str, ...]) -> Issued:
        proofs = _proofs(order, names)
        async with AsyncExitStack() as stack:
            try:
                for name, proof in proofs.items():
                    await stack.enter_async_context(self._proving(name, proof))
            except IssueError:
                raise
            except SnakeError as error:
                raise IssueError(str(error)) from None
            method = BY_FILE if self._cname is None else BY_CNAME
            order = await self._api.verify(order, method)
            said = await self._awaited(order)
        return Issued(await self._api.download(order), said)

    @asynccontextmanager
    async def _proving(self, name: str, proof: Proof) -> AsyncIterator[None]:
        if self._cname is not None:
            target = proof.target.removesuffix(".") + "."
            async with self._cname.having("CNAME", proof.owner(name), target):
                yield
            return
        content = "\n".join(proof.lines)
        challenge = Challenge(PKI_VALIDATION, name, proof.token(name), content)
        async with self._presented.solving(challenge):
            yield

    async def _awaited(self, order: Order) -> dict[str, Any]:
        """Wait until it is issued; return what is said of it. Raises `IssueError`."""
        for look in range(_MOST_LOOKS):
            if look:
                await asyncio.sleep(self._interval)
            order, said = await self._api.look(order)
            if order.status == ISSUED:
                return said
            if order.status not in (DRAFT, PENDING):
                raise IssueError(f"ZeroSSL does not issue the certificate: it is {order.status!a}")
        raise IssueError("ZeroSSL does not issue the certificate, however long it is waited")

    async def _cancelled(self, order: Order) -> None:
        try:
            async with asyncio.timeout(_CANCELLING):
                await self._api.cancel(order)
        except (IssueError, TimeoutError) as error:
            fields = {"id": order.id, "error": str(error) or "no answer"}
            log.warning("the order stays at ZeroSSL", extra={"fields": fields})


def _proofs(order: Order, names: tuple[str, ...]) -> dict[str, Proof]:
    """Return what proves each name. Raises `IssueError`."""
    said = {} if order.validation is None else order.validation.other_methods
    missing = [name for name in names if name not in said]
    if missing:
        raise IssueError(f"ZeroSSL does not say how to prove {', '.join(missing)}")
    return {name: said[name] for name in names}
