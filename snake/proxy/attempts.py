"""Attempts: from a request to the head of a response, by however many backends it takes.

Source: Caddy's `proxyLoopIteration`.
"""

from __future__ import annotations

import logging
from time import perf_counter

from msgspec.structs import replace

from snake.core.record import Record
from snake.http.errors import HandlerError
from snake.http.header_ops import Edit
from snake.proxy.backend import Backend, DialAddressError
from snake.proxy.content import KnownContent
from snake.proxy.contract import (
    DialInfo,
    Inform,
    Outgoing,
    Reply,
    Transport,
    UpstreamError,
)
from snake.proxy.passive import Failures
from snake.proxy.pool import Pool, are_left
from snake.proxy.retries import NoUpstreamError, Retries, RetryableReplyError
from snake.proxy.told import Told

log = logging.getLogger("snake.http.handlers.reverse_proxy")

_BAD_GATEWAY = 502


class Attempts(Record):
    """How a proxy gets an answer."""

    transport: Transport
    pool: Pool
    retries: Retries
    failures: Failures
    edit_request: Edit | None = None

    async def reply(self, outgoing: Outgoing, told: Told, inform: Inform) -> tuple[Reply, Backend]:
        """Return a response, and the backend that has given it, where it is still counted.

        Raises what the last backend failed with, and `HandlerError`.
        """
        request = outgoing.request
        error: UpstreamError | None = None
        failed: set[str] = set()
        while True:
            known = self.pool.known(request)
            backends = await self.pool.find(request) if known is None else known
            backend = self.pool.select(backends, outgoing, failed)
            if backend is None:
                error = error or NoUpstreamError("no upstreams available")
            else:
                try:
                    return await self._ask(backend, outgoing, told, inform), backend
                except UpstreamError as problem:
                    error = problem
                if not isinstance(error, RetryableReplyError):
                    self.failures.failed(backend)
                failed.add(backend.dial)
                if are_left(backends, failed) and self.retries.at_once(
                    error, outgoing, told, len(failed)
                ):
                    told.retries += 1
                    continue
            if not await self.retries.again(error, outgoing, told):
                raise error
            if log.isEnabledFor(logging.DEBUG):
                log.debug("retrying", extra={"fields": {"error": str(error)}})
            failed.clear()
            told.retries += 1
            self.pool.forget(request)

    async def _ask(self, backend: Backend, outgoing: Outgoing, told: Told, inform: Inform) -> Reply:
        """Ask one backend. Raises `UpstreamError`, and `HandlerError` for an address that is none.

        A response that is to be tried again is a `RetryableReplyError`.
        """
        try:
            to = backend.fill(outgoing.request)
        except DialAddressError as error:
            raise HandlerError(_BAD_GATEWAY, f"making dial info: {error}") from error
        told.backend, told.to = backend, to
        if told.retries and isinstance(outgoing.content, KnownContent):
            outgoing.content.rewind()
        if self.transport.encrypted or self.edit_request is not None:
            outgoing = self._addressed(outgoing, to)
        backend.host.begin()
        try:
            told.sent = perf_counter()
            reply = await self.transport.round_trip(to, outgoing, inform)
            told.replied = perf_counter()
            told.reply = reply
            if self.failures.watches_answers or self.retries.replies:
                self._judge(outgoing, backend, reply, told.replied - told.sent)
        except BaseException as error:
            backend.host.end()
            if log.isEnabledFor(logging.DEBUG):
                _report(outgoing, told, {"error": str(error) or type(error).__name__})
            raise
        if log.isEnabledFor(logging.DEBUG):
            _report(outgoing, told, {"status": reply.status})
        return reply

    def _judge(self, outgoing: Outgoing, backend: Backend, reply: Reply, seconds: float) -> None:
        """Raise `RetryableReplyError` for a response that another one is wanted for."""
        self.failures.answered(backend, reply.status, seconds)
        if self.retries.reply_matches(outgoing):
            reply.close()
            raise RetryableReplyError(reply.status)

    def _addressed(self, outgoing: Outgoing, to: DialInfo) -> Outgoing:
        """Return a request with the fields that depend on who gets it."""
        fields = outgoing.fields
        if self.transport.encrypted:
            others = [field for field in fields if field[0] != b"host"]
            fields = [(b"host", to.address.encode()), *others]
        if self.edit_request is not None:
            fields = self.edit_request(fields, outgoing.request)
        return replace(outgoing, fields=fields)


def _report(outgoing: Outgoing, told: Told, outcome: dict[str, object]) -> None:
    """Log what an upstream was asked, and what came of it."""
    request = {
        "method": outgoing.method,
        "host": outgoing.request.hostport,
        "uri": outgoing.target.decode("utf-8", "replace"),
    }
    fields = {
        "upstream": told.to.address if told.to else "",
        "duration": perf_counter() - told.sent,
        "request": request,
        **outcome,
    }
    log.debug("upstream roundtrip", extra={"fields": fields})
