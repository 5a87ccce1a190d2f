"""Namespace: all that one tenant has in the cache: keys, who waits for them, channels, budgets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from snake.cache.budget import Account, Budget
from snake.cache.limits import Limits
from snake.cache.store import Clock, Store
from snake.cache.waiters import Waiters

Subscriber = Callable[[bytes], None]
"""Takes a message, encoded."""


class Budgets(NamedTuple):
    """What all namespaces share."""

    memory: Budget
    buffers: Budget
    connections: Budget

    @classmethod
    def of(cls, limits: Limits) -> Budgets:
        """Return budgets of which nothing is used."""
        return cls(Budget(limits.memory), Budget(limits.buffers), Budget(limits.connections))


class Namespace:
    """Whoever has its token sees this, and nothing beside it."""

    def __init__(self, limits: Limits, budgets: Budgets, clock: Clock) -> None:
        self.limits = limits
        self.buffers: Account = budgets.buffers.account()
        self.connections: Account = budgets.connections.account()
        self.store = Store(budgets.memory.account(), limits, clock)
        self.waiters = Waiters(self.store)
        self._channels: dict[bytes, dict[Subscriber, None]] = {}

    @property
    def idle(self) -> bool:
        """Whether nobody would miss it."""
        return not (len(self.store) or self.connections.used)

    def subscribe(self, channel: bytes, subscriber: Subscriber) -> None:
        """Let one have what is published to a channel from now on."""
        self._channels.setdefault(channel, {})[subscriber] = None

    def unsubscribe(self, channel: bytes, subscriber: Subscriber) -> None:
        """Let one have no more of it."""
        subscribers = self._channels.get(channel, {})
        subscribers.pop(subscriber, None)
        if not subscribers:
            self._channels.pop(channel, None)

    def publish(self, channel: bytes, message: bytes) -> int:
        """Give an encoded message to all that listen to a channel; return how many do."""
        subscribers = list(self._channels.get(channel, ()))
        for subscriber in subscribers:
            subscriber(message)
        return len(subscribers)

    async def expire(self) -> None:
        """Let go of the keys that have ended, in steps between which others have their turn."""
        while self.store.expire(1000):  # noqa: ASYNC110  (it waits for nothing)
            await asyncio.sleep(0)
