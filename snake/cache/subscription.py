"""Subscriptions: the messages of one channel, one after another, from the moment of entering.

What is published while nobody is connected is lost, as with Redis.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

from snake.cache.address import Address
from snake.cache.aio import AsyncConnection, AsyncConnections
from snake.cache.connection import Connection, Connections, lost
from snake.cache.failure import CacheUnavailableError
from snake.cache.resp import ProtocolError


class Subscription:
    """``with cache.subscribe("news") as messages: for message in messages: …``."""

    def __init__(self, connections: Connections, address: Address, channel: bytes) -> None:
        self._connections = connections
        self._address = address
        self._channel = channel
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        self._connection, _ = self._connections.take()
        try:
            self._connection.exchange([b"SUBSCRIBE", self._channel])
        except BaseException as error:
            self._connection.close()
            if isinstance(error, OSError | ProtocolError):
                raise lost(self._address, error) from error
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, timeout: float | None = None) -> bytes | None:
        """Wait for a message and return it; `None` if there is none in so many seconds.

        Raises `CacheUnavailableError` if the connection is lost.
        """
        if self._connection is None:
            raise CacheUnavailableError("this subscription has ended")
        end = None if timeout is None else time.monotonic() + timeout
        try:
            while True:
                left = None if end is None else max(end - time.monotonic(), 0.001)
                reply: Any = self._connection.receive(left)
                if reply[0] == b"message":
                    return reply[2]  # type: ignore[no-any-return]
        except TimeoutError:
            return None
        except (OSError, ProtocolError) as error:
            raise lost(self._address, error) from error

    def __iter__(self) -> Iterator[bytes]:
        while (message := self.get()) is not None:
            yield message


class AsyncSubscription:
    """``async with cache.asubscribe("news") as messages: async for message in messages: …``."""

    def __init__(self, connections: AsyncConnections, channel: bytes) -> None:
        self._connections = connections
        self._channel = channel
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        connection = await self._connections.open()
        try:
            await connection.ask([b"SUBSCRIBE", self._channel])
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def get(self, timeout: float | None = None) -> bytes | None:  # noqa: ASYNC109
        """Wait for a message and return it; `None` if there is none in so many seconds.

        Raises `CacheUnavailableError` if the connection is lost.
        """
        if self._connection is None:
            raise CacheUnavailableError("this subscription has ended")
        try:
            async with asyncio.timeout(timeout):
                while (reply := await self._connection.message())[0] != b"message":
                    pass
        except TimeoutError:
            return None
        return reply[2]  # type: ignore[no-any-return]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (message := await self.get()) is not None:
            yield message
