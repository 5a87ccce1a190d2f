"""HTTPClient: carries requests to upstreams, on connections that are kept."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from msgspec.structs import replace

from snake.proxy.connector import Connector
from snake.proxy.contract import (
    DialInfo,
    Field,
    Inform,
    Outgoing,
    Reply,
    UnansweredError,
    UpstreamError,
)
from snake.proxy.gunzip import ACCEPT, inflated
from snake.proxy.h1 import H1Connection
from snake.proxy.h1_exchange import H1Exchange
from snake.proxy.http_settings import HTTPSettings
from snake.proxy.idle import IdleConnections, Key
from snake.proxy.slots import Slots
from snake.transport.start import starter

if TYPE_CHECKING:
    from snake.proxy.h2 import H2Connection

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_MOST_REFUSALS = 3
"""How often one upstream may say that it has not looked at a request."""
_NEGOTIATING = frozenset({b"accept-encoding", b"range"})
"""With one of them, a response is passed on in the coding that it has."""
_REPEATABLE = frozenset({b"idempotency-key", b"x-idempotency-key"})


class HTTPClient:
    """One transport: its connections, and how a request goes over them."""

    def __init__(self, settings: HTTPSettings) -> None:
        self.encrypted = settings.encryption is not None
        self._settings = settings
        self._connector = Connector(settings)
        self._idle = IdleConnections(settings.keeping)
        self._slots = Slots(settings.max_connections) if settings.max_connections else None
        self._shared: dict[Key, H2Connection] = {}
        self._h2_open: set[H2Connection] = set()
        self._locks: dict[Key, asyncio.Lock] = {}
        start = starter(asyncio.get_running_loop())
        self._start = start
        self._h1 = H1Exchange(settings, start)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections that wait; those in use close when they are free."""
        self._idle.close()
        for connection in list(self._h2_open):
            connection.retire()

    async def round_trip(self, to: DialInfo, outgoing: Outgoing, inform: Inform) -> Reply:
        """Send a request, and return the response when its head is there (see the contract)."""
        given = dict(outgoing.fields)
        if not given.get(b"host"):  # HTTP/1.0 needs none
            others = [field for field in outgoing.fields if field[0] != b"host"]
            outgoing = replace(outgoing, fields=[(b"host", to.address.encode()), *others])
        if (
            self._settings.compression
            and outgoing.method != "HEAD"
            and _NEGOTIATING.isdisjoint(given)
        ):
            return inflated(await self._carry(to, outgoing, (ACCEPT,), inform))
        return await self._carry(to, outgoing, (), inform)

    async def _carry(
        self, to: DialInfo, outgoing: Outgoing, more: tuple[Field, ...], inform: Inform
    ) -> Reply:
        """Send a request over some connection; over another one when it was closed already."""
        key = self._connector.key(to, outgoing)
        refusals = 0
        while True:
            connection: H1Connection | H2Connection | None = self._idle.take(key)
            if connection is None and self._shared:
                connection = self._share(key, outgoing)
            reused = connection is not None
            if connection is None:
                connection = await self._connect(key, to, outgoing)
            try:
                if isinstance(connection, H1Connection):
                    return await self._h1.run(connection, outgoing, more, inform)
                return await connection.run(outgoing, more, inform)
            except UnansweredError as error:
                # It was closed while it waited: the upstream did not see this request, most
                # likely. One that may not be repeated is not (RFC 9110 §9.2.2).
                refusals += error.refused
                if not (reused or error.refused) or refusals > _MOST_REFUSALS:
                    raise
                if not _may_repeat(outgoing, error):
                    raise

    def _share(self, key: Key, outgoing: Outgoing) -> H2Connection | None:
        shared = self._shared.get(key)
        return shared if shared is not None and shared.has_room and not outgoing.upgrade else None

    async def _connect(
        self, key: Key, to: DialInfo, outgoing: Outgoing
    ) -> H1Connection | H2Connection:
        """Make a connection, or wait for one while there are as many as may be."""
        if self._slots is None:
            return await self._make(key, to, outgoing)
        while not self._slots.take(key):
            await self._slots.wait(key)
            free = self._idle.take(key) or self._share(key, outgoing)
            if free is not None:
                return free
        try:
            return await self._make(key, to, outgoing)
        except BaseException:
            self._slots.give_back(key)
            raise

    async def _make(
        self, key: Key, to: DialInfo, outgoing: Outgoing
    ) -> H1Connection | H2Connection:
        if not self._settings.h2c and key not in self._locks:
            return await self._dial(key, to, outgoing)
        # One for all: who comes meanwhile shares it.
        async with self._locks.setdefault(key, asyncio.Lock()):
            await self._greeted(key)
            return self._share(key, outgoing) or await self._dial(key, to, outgoing)

    async def _greeted(self, key: Key) -> None:
        """Wait until it is known how many requests may share a connection that is new."""
        shared = self._shared.get(key)
        if shared is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.dialing.timeout):
                    await shared.greeted()

    async def _dial(
        self, key: Key, to: DialInfo, outgoing: Outgoing
    ) -> H1Connection | H2Connection:
        encryption = self._settings.encryption
        encrypted = encryption is not None and encryption.covers(to)
        h2c = self._settings.h2c and not encrypted
        if h2c and outgoing.upgrade:
            raise UpstreamError("HTTP/2 cannot switch protocols")

        def make(protocol: str) -> H1Connection | H2Connection:
            if protocol == "h2" or h2c:
                return self._h2(key, "https" if encrypted else "http")
            return self._h1_connection(key)

        connection = await self._connector.connect(to, outgoing, make)
        if not isinstance(connection, H1Connection):
            self._shared[key] = connection
            self._h2_open.add(connection)
            self._locks.setdefault(key, asyncio.Lock())
        return connection

    def _h1_connection(self, key: Key) -> H1Connection:
        def free(connection: H1Connection) -> None:
            self._idle.put(key, connection)
            if self._slots is not None:
                self._slots.freed(key)

        def lost(connection: H1Connection) -> None:
            self._idle.forget(key, connection)
            if self._slots is not None:
                self._slots.give_back(key)

        return H1Connection(self._settings, free, lost)

    def _h2(self, key: Key, scheme: str) -> H2Connection:
        def lost(connection: H2Connection) -> None:
            self._h2_open.discard(connection)
            if self._shared.get(key) is connection:
                del self._shared[key]
                self._locks.pop(key, None)
            if self._slots is not None:
                self._slots.give_back(key)

        # Not before an upstream speaks it: it is a library of its own.
        from snake.proxy.h2 import H2Connection  # noqa: PLC0415

        return H2Connection(self._settings, self._start, scheme, lost)


def _may_repeat(outgoing: Outgoing, error: UnansweredError) -> bool:
    """Whether a request that an upstream may have seen can be sent once more (as Go does)."""
    content = outgoing.content
    if content is not None and content.touched:
        return False
    return (
        error.refused
        or outgoing.method in _IDEMPOTENT
        or any(name in _REPEATABLE for name, _ in outgoing.fields)
    )
