"""Asking: what the event loops of a worker ask the supervisor, over the channel of all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from snake.fork.channel import Forget, Forgot, Given, Message, Refused, Want

Hear = Callable[[Message], None]


class Asking:
    """The questions of one loop, and who hears the answers."""

    def __init__(self, number: int, tell: Hear) -> None:
        self._number = number
        self._tell = tell
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hear: Hear | None = None

    def tell(self, message: Message) -> None:
        """Say something to the supervisor."""
        if isinstance(message, Want | Forgot):
            message = message._replace(loop=self._number)
        self._tell(message)

    def listen(self, hear: Hear) -> None:
        """From now on, have `hear` called in this loop with what the supervisor says."""
        self._loop, self._hear = asyncio.get_running_loop(), hear

    def answer(self, message: Message) -> None:
        """Take what the supervisor says to this loop, in any thread."""
        loop, hear = self._loop, self._hear
        if loop is not None and hear is not None and not loop.is_closed():
            loop.call_soon_threadsafe(hear, message)


def hand_out(message: Message, askings: list[Asking]) -> bool:
    """Hand an answer of the supervisor to the loop that asked; tell whether it was one."""
    if not isinstance(message, Given | Refused | Forget):
        return False
    if message.loop < len(askings):
        askings[message.loop].answer(message)
    return True
