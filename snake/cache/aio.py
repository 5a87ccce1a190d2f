"""The connections of one event loop to a cache.

Commands that wait for nothing share one connection, one behind the other: a thousand tasks
that ask at once need no thousand connections. Those that wait on purpose have one each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, TypeVar

from snake.cache.address import Address
from snake.cache.calls import Call
from snake.cache.connection import KEPT, SLACK, greeting, lost, tls
from snake.cache.failure import CacheError, CacheUnavailableError, failure
from snake.cache.resp import MORE, ProtocolError, Replies, Reply, ReplyError, encode_command

T = TypeVar("T")

MOST_MESSAGES = 1000
"""Messages that wait to be taken, above which the connection is not read."""


class AsyncConnection(asyncio.Protocol):
    """One connection on the running loop."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._loop = asyncio.get_running_loop()
        self._replies = Replies()
        self._asked: deque[tuple[asyncio.Future[Reply], float]] = deque()
        """Who waits for an answer, and until when."""
        self._timer: asyncio.TimerHandle | None = None
        self._messages: deque[Reply] = deque()
        self._news: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._error: BaseException | None = None

    @classmethod
    async def open(cls, address: Address) -> AsyncConnection:
        """Connect. Raises `CacheError`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(address.timeout):
                if address.path:
                    _, connection = await loop.create_unix_connection(
                        lambda: cls(address), address.path
                    )
                else:
                    _, connection = await loop.create_connection(
                        lambda: cls(address), address.host, address.port, ssl=tls(address)
                    )
        except OSError as error:
            raise lost(address, error) from error
        try:
            for args in greeting(address):
                await connection.ask(args)
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def open_(self) -> bool:
        """Whether it can be asked anything."""
        return self._error is None and self._transport is not None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Tell all that wait."""
        self._error = self._error or error or ConnectionResetError("it closed the connection")
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        for asked, _ in self._asked:
            if not asked.done():
                asked.set_exception(self._gone())
        self._asked.clear()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Give each answer to who asked; what nobody asked for is a message."""
        self._replies.feed(data)
        try:
            while (reply := self._replies.next()) is not MORE:
                if not self._asked:
                    self._hear(reply)
                elif not (asked := self._asked.popleft()[0]).done():
                    asked.set_result(reply)
        except ProtocolError as error:
            self._error = error
            self.close()
        if self._messages:
            self._wake()
            self._pace()

    def _hear(self, reply: Reply) -> None:
        """Take what nobody has asked for: a message, or why the server will not have us."""
        if isinstance(reply, ReplyError):
            self._error = failure(reply)
            self.close()
        else:
            self._messages.append(reply)

    async def ask(self, args: list[bytes], wait: float = 0.0) -> Reply:
        """Ask, and return the answer. Raises `CacheError`."""
        if self._transport is None:
            raise self._gone()
        answer: asyncio.Future[Reply] = self._loop.create_future()
        end = self._loop.time() + (wait + SLACK if wait else self._address.timeout)
        self._asked.append((answer, end))
        self._transport.write(encode_command(args))
        if self._timer is None:
            self._timer = self._loop.call_at(end, self._look)
        reply = await answer
        if isinstance(reply, ReplyError):
            raise failure(reply)
        return reply

    async def message(self) -> Any:  # noqa: ANN401  (what the server sends)
        """Wait for the next message. Raises `CacheUnavailableError` when none will come."""
        while not self._messages:
            if self._transport is None:
                raise self._gone()
            self._news = self._loop.create_future()
            await self._news
        message = self._messages.popleft()
        self._pace()
        return message

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()

    def _look(self) -> None:
        """Give the server up if the oldest question has waited too long: the others wait for it."""
        self._timer = None
        if not self._asked or self._transport is None:
            return
        _, end = self._asked[0]
        if end <= self._loop.time():
            self._error = TimeoutError()
            self._transport.abort()
        else:
            self._timer = self._loop.call_at(end, self._look)

    def _gone(self) -> CacheError:
        """Return what it means to the app that there is no connection."""
        if isinstance(self._error, CacheError):
            return self._error
        return lost(self._address, self._error or ConnectionResetError("it is closed"))

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _pace(self) -> None:
        """Read no more than is taken."""
        if self._transport is None or self._transport.is_closing():
            return
        reading = self._transport.is_reading()
        if len(self._messages) >= MOST_MESSAGES and reading:
            self._transport.pause_reading()
        elif not self._messages and not reading:
            self._transport.resume_reading()


class AsyncConnections:
    """All of one loop."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._shared: asyncio.Task[AsyncConnection] | None = None
        self._idle: list[AsyncConnection] = []

    async def run(self, call: Call[T]) -> T:
        """Run a command. Raises `CacheError`."""
        if call.wait:
            return call.read(await self._wait(call))
        kept = self._shared is not None
        connection = await self._common()
        try:
            reply = await connection.ask(call.args)
        except CacheUnavailableError:
            if connection.open_ or not (kept and call.safe):
                raise
        else:
            return call.read(reply)
        # The server has gone since the connection was last used, and may be there again.
        return call.read(await (await self._common()).ask(call.args))

    async def open(self) -> AsyncConnection:
        """Return a connection that nobody else uses. Raises `CacheError`."""
        return await AsyncConnection.open(self._address)

    def close(self) -> None:
        """Close all."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        if self._shared is not None:
            self._shared.add_done_callback(_close)
            self._shared = None

    async def _common(self) -> AsyncConnection:
        """Return the connection that all share; the first that asks makes it."""
        shared = self._shared
        if shared is not None and shared.done() and _usable(shared):
            return shared.result()
        if shared is None or shared.done():
            self._shared = shared = asyncio.create_task(self.open())
        return await asyncio.shield(shared)

    async def _wait(self, call: Call[Any]) -> Reply:
        """Run a command that waits. If that is given up, the server sees the connection close."""
        while self._idle and not self._idle[-1].open_:
            self._idle.pop()
        connection = self._idle.pop() if self._idle else await self.open()
        try:
            reply = await connection.ask(call.args, call.wait)
        except CacheUnavailableError:
            connection.close()
            raise
        except CacheError:
            self._keep(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._keep(connection)
        return reply

    def _keep(self, connection: AsyncConnection) -> None:
        if len(self._idle) < KEPT:
            self._idle.append(connection)
        else:
            connection.close()


def _usable(opened: asyncio.Task[AsyncConnection]) -> bool:
    return not opened.cancelled() and opened.exception() is None and opened.result().open_


def _close(opened: asyncio.Task[AsyncConnection]) -> None:
    if _usable(opened):
        opened.result().close()
