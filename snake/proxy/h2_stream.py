"""H2Stream: one request and its response within an HTTP/2 connection to an upstream."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError

from snake.proxy.contract import (
    Content,
    Inform,
    UnansweredError,
    UpstreamError,
    UpstreamTimeoutError,
)
from snake.proxy.h2_reply import H2Reply, Head
from snake.proxy.pending import Pending
from snake.transport.asgi import ClientDisconnectedError

if TYPE_CHECKING:
    from snake.proxy.h2 import H2Connection

_MOST_INTERIM = 100
"""Interim responses before the final one."""
_LOWEST_STATUS = 100


class H2Stream:
    """Sends the body and takes what comes."""

    def __init__(self, connection: H2Connection, number: int, *, head_only: bool) -> None:
        self.loop = connection.loop
        self._connection = connection
        self._number = number
        self._head_only = head_only
        self._heads: Pending[Head | H2Reply] = Pending(self.loop)
        self._reply: H2Reply | None = None
        self._sending: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._sent: asyncio.Future[None] = self.loop.create_future()
        self._over = False
        """Whether nothing more comes."""

    # What the connection calls ---------------------------------------------------------------

    def informed(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Take an interim response."""
        self._heads.put(_head(headers))

    def responded(self, headers: Iterable[tuple[bytes, bytes]], *, ended: bool) -> None:
        """Take the head of the response."""
        del ended
        try:
            self._reply = H2Reply(self, _head(headers))
        except UpstreamError as error:
            self._heads.fail(error)
            self.close()
            return
        self._heads.put(self._reply)

    def fed(self, data: bytes, cost: int) -> None:
        """Take a piece of the body."""
        if self._reply is not None:
            self._reply.feed(data, cost)

    def trailed(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Take the fields after the body."""
        if self._reply is not None:
            self._reply.trailers = [(bytes(name), bytes(value)) for name, value in headers]

    def ended(self) -> None:
        """Take the end of the response."""
        self._over = True
        if self._reply is not None:
            self._reply.finish()
        self.close()

    def reset(self, why: str, *, refused: bool) -> None:
        """Take the end of the stream before that of the response."""
        error = UnansweredError(why) if refused else UpstreamError(why)
        if isinstance(error, UnansweredError):
            error.refused = True
        self._over = True
        self.failed(error)
        self.close()

    def failed(self, error: UpstreamError) -> None:
        """End what is under way."""
        self._over = True
        if self._reply is not None:
            self._reply.broke(str(error))
        else:
            self._heads.fail(error)
        self.wake()
        self._stop_sending()

    def wake(self) -> None:
        """Let the body go on: there may be room for it."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    # The request ----------------------------------------------------------------------------------

    def send(self, content: Content) -> None:
        """Send a body, while the response may come already."""
        self._sending = self._connection.start(self._send(content))

    async def _send(self, content: Content) -> None:
        try:
            await self._send_all(content)
        except ClientDisconnectedError as error:
            self._heads.fail(error)
            self.close()
        except (UpstreamError, ProtocolError) as error:
            if isinstance(error, UpstreamTimeoutError):
                self._heads.fail(error)
        else:
            if not self._sent.done():
                self._sent.set_result(None)

    async def _send_all(self, content: Content) -> None:
        protocol = self._connection.protocol
        left = content.length
        while piece := await content.read():
            if left is not None:
                left -= len(piece)
                if left < 0:
                    raise ClientDisconnectedError("the body is longer than its Content-Length")
            await self._send_piece(piece)
            if left == 0:
                break
        if left:
            raise ClientDisconnectedError("the body is shorter than its Content-Length")
        if trailers := list(content.trailers):
            protocol.send_headers(self._number, trailers, end_stream=True)
        else:
            protocol.end_stream(self._number)
        self._connection.flush()

    async def _send_piece(self, piece: bytes) -> None:
        protocol = self._connection.protocol
        timeout = self._connection.settings.write_timeout
        rest = memoryview(piece)
        while rest:
            try:
                async with asyncio.timeout(timeout):
                    size = await self._window()
            except TimeoutError:
                raise UpstreamTimeoutError("the upstream does not take the request") from None
            protocol.send_data(self._number, bytes(rest[:size]))
            rest = rest[size:]
            self._connection.flush()

    async def _window(self) -> int:
        """Wait until some bytes may be sent; return how many. Raises `UpstreamError`."""
        protocol = self._connection.protocol
        while True:
            await self._connection.drained()
            if self._over:
                raise UpstreamError("the upstream wants no more of the request")
            size = min(
                protocol.local_flow_control_window(self._number), protocol.max_outbound_frame_size
            )
            if size > 0:
                return size
            self._room = self.loop.create_future()
            await self._room

    # The response ---------------------------------------------------------------------------------

    async def answer(self, inform: Inform, *, sent: bool) -> H2Reply:
        """Return the response when its head is there; pass on those before it."""
        timeout = self._connection.settings.response_header_timeout
        if timeout is None:
            return await self._answer(inform)
        try:
            async with asyncio.timeout(None) as limit:

                def begin(_: object) -> None:
                    limit.reschedule(self.loop.time() + timeout)

                if sent:
                    begin(None)
                else:
                    self._sent.add_done_callback(begin)
                return await self._answer(inform)
        except TimeoutError:
            raise UpstreamTimeoutError(f"the upstream did not answer in {timeout} s") from None

    async def _answer(self, inform: Inform) -> H2Reply:
        for _ in range(_MOST_INTERIM):
            head = await self._heads.next()
            if isinstance(head, H2Reply):
                return head
            await inform(*head)
        raise UpstreamError("the upstream sent interim responses without end")

    def acknowledge(self, count: int) -> None:
        """Let the upstream send as much again."""
        with suppress(ProtocolError):
            self._connection.protocol.acknowledge_received_data(count, self._number)
            self._connection.flush()

    def close(self) -> None:
        """Let go of the stream. What is not over is cancelled. May be repeated."""
        unsent = self._stop_sending()
        if unsent or not self._over:
            self._over = True
            with suppress(ProtocolError):
                self._connection.protocol.reset_stream(self._number, ErrorCodes.CANCEL)
                self._connection.flush()
        self._connection.forget(self._number)

    def _stop_sending(self) -> bool:
        """Send no more; return whether there was more to send."""
        sending, self._sending = self._sending, None
        if sending is None or sending.done():
            return False
        if sending is not asyncio.current_task():
            sending.cancel()
        return True


def _head(headers: Iterable[tuple[bytes, bytes]]) -> Head:
    """Read the fields of a response. Raises `UpstreamError`."""
    fields = [(bytes(name), bytes(value)) for name, value in headers]
    status = next((value for name, value in fields if name == b":status"), b"")
    if not status.isdigit() or int(status) < _LOWEST_STATUS:
        raise UpstreamError(f"the upstream sent a malformed status: {status!r}")
    return int(status), [field for field in fields if not field[0].startswith(b":")]
