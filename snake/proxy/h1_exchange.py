"""One request and its response over an HTTP/1.1 connection to an upstream."""

from __future__ import annotations

import asyncio

from snake.proxy.contract import Field, Inform, Outgoing, UpstreamError, UpstreamTimeoutError
from snake.proxy.h1 import H1Connection, Heads
from snake.proxy.h1_reply import H1Reply
from snake.proxy.http_settings import HTTPSettings
from snake.proxy.request_head import request_head
from snake.proxy.sender import Sender
from snake.transport.start import Start

_MOST_INTERIM = 100
"""Interim responses before the final one."""
_CONTINUE = 100
_CLOSE: Field = (b"connection", b"close")


class H1Exchange:
    """How requests go over the connections of one transport."""

    def __init__(self, settings: HTTPSettings, start: Start) -> None:
        self._settings = settings
        self._start = start
        self._always = () if settings.keeping.enabled else (_CLOSE,)
        self._is_simple = settings.response_header_timeout is None
        self._waits_for_continue = settings.expect_continue_timeout is not None

    async def run(
        self, connection: H1Connection, outgoing: Outgoing, more: tuple[Field, ...], inform: Inform
    ) -> H1Reply:
        """Send a request, with `more` fields, and return the response when its head is there."""
        if self._always and not outgoing.upgrade:
            more += self._always
        head = request_head(outgoing, more)
        heads = connection.begin(
            head_only=outgoing.method == "HEAD", upgrade=bool(outgoing.upgrade)
        )
        try:
            if outgoing.content is None:
                connection.write(head)
                connection.all_sent()
            else:
                sender = Sender(connection, head, outgoing.content)
                if self._waits_for_continue and _expects(outgoing):
                    inform = self._permitting(sender, inform)
                connection.sender = self._start(sender.run())
                sender.send_head()
            if self._is_simple:
                return await _answer(heads, inform)
            return await self._answer_in_time(connection, heads, inform)
        except BaseException:
            connection.close()
            raise

    def _permitting(self, sender: Sender, inform: Inform) -> Inform:
        """Let a body wait until the upstream asks for it, or does not say anything for long."""
        loop = asyncio.get_running_loop()
        permitted = sender.permitted = loop.create_future()

        def permit() -> None:
            if not permitted.done():
                permitted.set_result(None)

        timer = loop.call_later(self._settings.expect_continue_timeout or 0.0, permit)
        permitted.add_done_callback(lambda _: timer.cancel())

        async def informed(status: int, fields: list[Field]) -> None:
            if status == _CONTINUE:
                permit()
            await inform(status, fields)

        return informed  # type: ignore[return-value]

    async def _answer_in_time(
        self, connection: H1Connection, heads: Heads, inform: Inform
    ) -> H1Reply:
        """Return the final response, which has so long from when all of the request was sent."""
        timeout = self._settings.response_header_timeout or 0.0
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as limit:
                connection.when_sent(lambda: limit.reschedule(loop.time() + timeout))
                return await _answer(heads, inform)
        except TimeoutError:
            raise UpstreamTimeoutError(f"the upstream did not answer in {timeout} s") from None


async def _answer(heads: Heads, inform: Inform) -> H1Reply:
    """Return the final response; pass on the others before it."""
    for _ in range(_MOST_INTERIM):
        head = await heads.next()
        if isinstance(head, H1Reply):
            return head
        await inform(head.status, head.fields)
    raise UpstreamError("the upstream sent interim responses without end")


def _expects(outgoing: Outgoing) -> bool:
    return any(
        name == b"expect" and value.lower() == b"100-continue" for name, value in outgoing.fields
    )
