"""Presented: how HTTP-01 and TLS-ALPN-01 are solved, by whatever server the authority reaches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from snake.acme.distributed import Shared
from snake.acme.listener import Listeners
from snake.tls.challenge import Challenge, Desk


class Presented:
    """Puts challenges of one type on the desk, and where else they may be looked for."""

    def __init__(
        self,
        type: str,
        desk: Desk,
        shared: Shared | None,
        listeners: Listeners,
        address: tuple[str, int],
    ) -> None:
        self.type = type
        self._desk = desk
        self._shared = shared
        self._listeners = listeners
        self._address = address

    @asynccontextmanager
    async def solving(self, challenge: Challenge) -> AsyncIterator[None]:
        """Answer a challenge as long as this is open. Raises `SolverError`."""
        async with AsyncExitStack() as stack:
            stack.enter_context(self._desk.solving(challenge))
            if self._shared is not None:
                await stack.enter_async_context(self._shared.storing(challenge))
            await stack.enter_async_context(self._listeners.answering(challenge, *self._address))
            yield
