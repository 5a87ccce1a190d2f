"""HTTPClient: carries requests to upstreams by HTTP/1.1, on connections that are kept."""

from __future__ import annotations

import asyncio
from typing import Self

from msgspec.structs import replace

from snake.core.record import Record
from snake.proxy.contract import (
    DialError,
    DialInfo,
    Inform,
    Outgoing,
    Reply,
    UpstreamError,
    UpstreamTimeoutError,
)
from snake.proxy.dialer import Dialer, Dialing
from snake.proxy.gunzip import ACCEPT, inflated
from snake.proxy.h1 import H1Connection, UnansweredError
from snake.proxy.h1_reply import H1Reply
from snake.proxy.idle import IdleConnections, Keeping, Key
from snake.proxy.pending import Pending
from snake.proxy.request_head import request_head
from snake.proxy.response_head import ResponseHead
from snake.proxy.sender import Sender
from snake.transport.start import starter

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_NEGOTIATING = frozenset({b"accept-encoding", b"range"})
"""With one of them, a response is passed on in the coding that it has."""
_MOST_INTERIM = 100
"""Interim responses before the final one."""
_KEYS = (b"idempotency-key", b"x-idempotency-key")


class HTTPSettings(Record):
    """How an upstream is spoken to."""

    dialing: Dialing = Dialing()
    keeping: Keeping = Keeping()
    compression: bool = True
    """Whether a response is asked for in gzip when the client asked for nothing."""
    max_response_header: int = 10 * 1024 * 1024
    """Bytes of a response's header, interim responses included."""
    response_header_timeout: float | None = None
    """Seconds from the end of the request to the head of the response."""


class HTTPClient:
    """One transport: its connections, and how a request goes over them."""

    def __init__(self, settings: HTTPSettings) -> None:
        self.encrypted = False
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._start = starter(self._loop)
        self._dialer = Dialer(settings.dialing)
        self._idle = IdleConnections(settings.keeping)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections that wait; those in use close when they are free."""
        self._idle.close()

    async def round_trip(self, to: DialInfo, outgoing: Outgoing, inform: Inform) -> Reply:
        """Send a request, and return the response when its head is there (see the contract)."""
        key = to.network, to.address
        given = dict(outgoing.fields)
        if not given.get(b"host"):  # HTTP/1.0 needs none
            others = [field for field in outgoing.fields if field[0] != b"host"]
            outgoing = replace(outgoing, fields=[(b"host", to.address.encode()), *others])
        if (
            not self._settings.compression
            or outgoing.method == "HEAD"
            or not (_NEGOTIATING.isdisjoint(given))
        ):
            return await self._carry(key, to, request_head(outgoing), outgoing, inform)
        head = request_head(outgoing, (ACCEPT,))
        return inflated(await self._carry(key, to, head, outgoing, inform))

    async def _carry(
        self, key: Key, to: DialInfo, head: bytes, outgoing: Outgoing, inform: Inform
    ) -> Reply:
        while True:
            connection = self._idle.take(key)
            reused = connection is not None
            if connection is None:
                connection = await self._connect(key, to)
            try:
                return await self._exchange(connection, head, outgoing, inform)
            except UnansweredError:
                # It was closed while it waited: the upstream did not see this request, most
                # likely. One that may not be repeated is not (RFC 9110 §9.2.2).
                if not reused or not _may_repeat(outgoing):
                    raise

    async def _connect(self, key: Key, to: DialInfo) -> H1Connection:
        sock = await self._dialer.dial(to)

        def make() -> H1Connection:
            return H1Connection(
                self._settings.max_response_header,
                lambda connection: self._idle.put(key, connection),
                lambda connection: self._idle.forget(key, connection),
            )

        try:
            _, connection = await self._loop.create_connection(make, sock=sock)
        except BaseException as error:
            sock.close()
            if isinstance(error, OSError):
                raise DialError(f"dialling {to.address}: {error}") from error
            raise
        return connection

    async def _exchange(
        self, connection: H1Connection, head: bytes, outgoing: Outgoing, inform: Inform
    ) -> Reply:
        pending = connection.begin(
            head_only=outgoing.method == "HEAD", upgrade=bool(outgoing.upgrade)
        )
        try:
            if outgoing.content is None:
                connection.write(head)
                connection.all_sent()
            else:
                sender = Sender(connection, head, outgoing.content)
                connection.sender = self._start(sender.run())
                sender.send_head()
            if self._settings.response_header_timeout is not None:
                return await self._answer_in_time(connection, pending, inform)
            return await _answer(pending, inform)
        except BaseException:
            connection.close()
            raise

    async def _answer_in_time(
        self, connection: H1Connection, pending: Pending[ResponseHead | H1Reply], inform: Inform
    ) -> H1Reply:
        """Return the final response, which has so long from when all of the request was sent."""
        timeout = self._settings.response_header_timeout or 0.0
        try:
            async with asyncio.timeout(None) as limit:
                connection.when_sent(lambda: limit.reschedule(self._loop.time() + timeout))
                return await _answer(pending, inform)
        except TimeoutError:
            raise UpstreamTimeoutError(f"the upstream did not answer in {timeout} s") from None


async def _answer(pending: Pending[ResponseHead | H1Reply], inform: Inform) -> H1Reply:
    """Return the final response; pass on the others before it."""
    for _ in range(_MOST_INTERIM):
        head = await pending.next()
        if isinstance(head, H1Reply):
            return head
        await inform(head.status, head.fields)
    raise UpstreamError("the upstream sent interim responses without end")


def _may_repeat(outgoing: Outgoing) -> bool:
    """Whether a request that an upstream may have seen can be sent once more (as Go does)."""
    content = outgoing.content
    if content is not None and content.touched:
        return False
    return outgoing.method in _IDEMPOTENT or any(name in _KEYS for name, _ in outgoing.fields)
