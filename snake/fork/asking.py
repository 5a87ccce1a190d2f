"""Asking: what the event loops of a worker ask the supervisor, over the channel of all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from snake.fork.channel import (
    Forget,
    Forgot,
    Found,
    Given,
    Keys,
    Message,
    Query,
    Refused,
    Seek,
    Told,
    Want,
)

Hear = Callable[[Message], None]


class Asking:
    """The questions of one loop, and who hears the answers."""

    def __init__(self, number: int, tell: Hear) -> None:
        self.number = number
        """That of the loop."""
        self._tell = tell
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hears: list[Hear] = []

    def tell(self, message: Message) -> None:
        """Say something to the supervisor."""
        if isinstance(message, Want | Forgot | Seek | Query):
            message = message._replace(loop=self.number)
        self._tell(message)

    def listen(self, hear: Hear) -> None:
        """From now on, have `hear` called in this loop with what the supervisor says."""
        self._loop = asyncio.get_running_loop()
        self._hears.append(hear)

    def answer(self, message: Message) -> None:
        """Take what the supervisor says to this loop, in any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._heard, message)

    def _heard(self, message: Message) -> None:
        for hear in self._hears:
            hear(message)


def hand_out(message: Message, askings: list[Asking]) -> bool:
    """Hand what the supervisor says to the loop that asked, or to all; tell whether it was such."""
    if isinstance(message, Keys):
        for asking in askings:
            asking.answer(message)
        return True
    if not isinstance(message, Given | Refused | Forget | Found | Told):
        return False
    if message.loop < len(askings):
        askings[message.loop].answer(message)
    return True
