"""Slots: how many connections there may be to one upstream at once, and who waits for one."""

from __future__ import annotations

import asyncio
from collections import deque

from snake.proxy.idle import Key


class Slots:
    """Counts connections. Those who want one more than may be wait in turn."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._taken: dict[Key, int] = {}
        self._waiting: dict[Key, deque[asyncio.Future[None]]] = {}

    def take(self, key: Key) -> bool:
        """Take a slot, if there is one."""
        taken = self._taken.get(key, 0)
        if taken >= self._most:
            return False
        self._taken[key] = taken + 1
        return True

    async def wait(self, key: Key) -> None:
        """Wait until a connection may be free, or a slot."""
        turn = self._loop.create_future()
        waiting = self._waiting.setdefault(key, deque())
        waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.freed(key)  # it was this one's turn: the next one has it
            raise
        finally:
            if turn in waiting:
                waiting.remove(turn)

    def give_back(self, key: Key) -> None:
        """Give a slot back: a connection is closed."""
        left = self._taken.get(key, 0) - 1
        if left > 0:
            self._taken[key] = left
        else:
            self._taken.pop(key, None)
        self.freed(key)

    def freed(self, key: Key) -> None:
        """Wake who waits first: a connection is free, or a slot."""
        waiting = self._waiting.get(key)
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._waiting.pop(key, None)
