"""IdleConnections: connections to upstreams that wait for their next request."""

from __future__ import annotations

import asyncio

from snake.proxy.h1 import H1Connection
from snake.proxy.http_settings import Keeping

Key = tuple[str, ...]
"""What makes two connections interchangeable: network, address, and what is said at its start."""


class IdleConnections:
    """Hands out the connection that was used last, and closes those that nobody wants."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._loop = asyncio.get_running_loop()
        self._by_key: dict[Key, list[H1Connection]] = {}
        self._count = 0
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    def __len__(self) -> int:
        return self._count

    def take(self, key: Key) -> H1Connection | None:
        """Return a connection that waits, if there is one."""
        waiting = self._by_key.get(key)
        while waiting:
            connection = waiting.pop()
            self._count -= 1
            if not connection.gone:
                return connection
        return None

    def put(self, key: Key, connection: H1Connection) -> None:
        """Keep a connection, or close it if there are enough."""
        keeping = self._keeping
        if not keeping.enabled or self._closed or keeping.most_per_host < 0:
            connection.close()
            return
        waiting = self._by_key.get(key)
        if waiting is None:
            waiting = self._by_key[key] = []
        if len(waiting) >= keeping.most_per_host:
            connection.close()
            return
        connection.idle_since = self._loop.time()
        if self._sweeper is None and keeping.timeout is not None:
            self._sweeper = self._loop.call_later(keeping.timeout, self._sweep)
        waiting.append(connection)
        self._count += 1
        if keeping.most and self._count > keeping.most:
            self._close_oldest()

    def forget(self, key: Key, connection: H1Connection) -> None:
        """Let go of a connection that is closed."""
        waiting = self._by_key.get(key)
        if waiting is None:
            return
        if connection in waiting:
            waiting.remove(connection)
            self._count -= 1
        if not waiting:
            del self._by_key[key]

    def close(self) -> None:
        """Close all that wait, and keep none from now on."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for waiting in list(self._by_key.values()):
            for connection in list(waiting):
                connection.close()
        self._by_key.clear()
        self._count = 0

    def _close_oldest(self) -> None:
        firsts = (
            next((each for each in waiting if not each.gone), None)
            for waiting in self._by_key.values()
        )
        oldest = min(filter(None, firsts), key=lambda connection: connection.idle_since)
        oldest.close()

    def _sweep(self) -> None:
        """Close what has waited too long; each list is in the order of time."""
        self._sweeper = None
        timeout = self._keeping.timeout or 0.0
        due = self._loop.time() - timeout
        soonest: float | None = None
        for waiting in list(self._by_key.values()):
            for connection in list(waiting):
                if connection.idle_since > due:
                    break
                connection.close()
            rest = next((each for each in waiting if each.idle_since > due), None)
            if rest is not None:
                soonest = min(soonest or rest.idle_since, rest.idle_since)
        if soonest is not None:
            self._sweeper = self._loop.call_at(soonest + timeout, self._sweep)
