"""Inquiry: a worker's question to the supervisor, of what it knows of all that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from snake.fork.channel import Message, Query, Told

if TYPE_CHECKING:
    from snake.metrics.report import Report

PATIENCE = 2.0
"""Seconds for an answer. Without one there is what the workers know themselves."""


class Inquiry:
    """The questions of one event loop. Many who ask at once get one answer."""

    def __init__(self, tell: Callable[[Message], None]) -> None:
        """Ask by `tell`."""
        self._tell = tell
        self._answer: asyncio.Future[Report] | None = None

    def hear(self, message: Message) -> None:
        """Take what the supervisor says."""
        if not isinstance(message, Told):
            return
        from snake.metrics.report import Report  # noqa: PLC0415  (not before somebody asks)

        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(msgspec.json.decode(message.report, type=Report))

    async def ask(self) -> Report | None:
        """Return what the supervisor knows; `None` if it does not say in time."""
        if self._answer is None:
            self._answer = asyncio.get_running_loop().create_future()
            self._tell(Query())
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                return await asyncio.shield(self._answer)
        self._answer = None
        return None
