"""Answering: from the response of an upstream to that of the client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from snake.core.record import Record
from snake.http.errors import AbortError
from snake.http.handler import Send
from snake.http.header_ops import Edit, ResponseOps
from snake.http.request import Request
from snake.http.response import drop_early
from snake.proxy.contract import BrokenReplyError, Duplex, Field, Inform, Reply, UpstreamError
from snake.proxy.forwarding import client_of, response_fields, upgrade_of, via
from snake.proxy.held_reply import HeldReply
from snake.proxy.tunnels import Tunnels
from snake.transport.asgi import Client

ResponseEdit = Callable[[int, list[Field], Request], list[Field]]

_BODILESS = frozenset({204, 304})


class Answering(Record):
    """How responses are sent on."""

    edit: ResponseEdit | None = None
    tunnels: Tunnels = Tunnels()
    buffer: int = 0
    """Bytes of a response that are read before any are sent; below 0 all of it."""

    async def send(self, request: Request, reply: Reply, send: Send, status: int | None) -> None:
        """Send a response to the client, with another status perhaps.

        Raises `AbortError` when it breaks off, and `UpstreamError` when there can be none.
        """
        if reply.duplex is not None:
            await self._switch(request, reply, reply.duplex, send)
            return
        status = status or reply.status
        given = reply.fields
        fields = response_fields(given)
        has_length = any(name == b"content-length" for name, _ in fields)
        if self.edit is not None:
            fields = self.edit(status, fields, request)
        drop_early(request, (b"server",))
        start: dict[str, Any] = {
            "type": "http.response.start",
            "status": status,
            "headers": [via(reply.version), *fields],
            "server_header": False,
        }
        if has_length:
            start["sniff"] = True
        elif status not in _BODILESS:
            start["chunked"] = True
            start["headers"] += [field for field in given if field[0] == b"trailer"]
        body = reply.ready()
        if body is None and self.buffer:
            reply = held = HeldReply(reply)
            await held.hold(self.buffer)
            body = held.ready()
        if body is not None and not reply.trailers:
            await send(start)
            await send({"type": "http.response.body", "body": body})
            return
        await self._stream(start, body or b"", reply, send)

    async def _stream(self, start: dict[str, Any], body: bytes, reply: Reply, send: Send) -> None:
        """Send what comes as it comes, and the fields after it."""
        trails = "chunked" in start
        if trails:
            start["trailers"] = True
        await send(start)
        try:
            # Without a first piece, the head goes out although the body is still to come; but not
            # if that piece decides on the type, which a length makes certain to come.
            if body or not (reply.begun() or _is_to_be_sniffed(start)):
                await send({"type": "http.response.body", "body": body, "more_body": True})
            while piece := await reply.read():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except BrokenReplyError as error:
            raise AbortError from error
        await send({"type": "http.response.body", "body": b""})
        if trails:
            await send({"type": "http.response.trailers", "headers": reply.trailers})

    async def _switch(self, request: Request, reply: Reply, duplex: Duplex, send: Send) -> None:
        """Switch the client to the protocol that it and the upstream want, and join them."""
        client = client_of(request)
        upgrade = next((value for name, value in reply.fields if name == b"upgrade"), b"")
        if client is None or upgrade.lower() != upgrade_of(request):
            raise UpstreamError(f"the upstream switched to a protocol of its own: {upgrade!r}")
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": response_fields(reply.fields),
                "upgrade": upgrade,
            }
        )
        await self.tunnels.run(
            client.take_over(), duplex, websocket=upgrade.lower() == b"websocket"
        )


def _is_to_be_sniffed(start: dict[str, Any]) -> bool:
    return "sniff" in start and not any(name == b"content-type" for name, _ in start["headers"])


def informing(client: Client | None) -> Inform:
    """Return what passes on interim responses."""
    return _drop if client is None else client.inform


def _drop(status: int, fields: Sequence[Field]) -> Awaitable[None]:
    del status, fields
    return _nothing()


async def _nothing() -> None:
    pass


def response_edit(ops: ResponseOps | None, edit: Edit | None) -> ResponseEdit | None:
    """Return operations on responses as a function that looks first if they concern this one."""
    if ops is None or edit is None:
        return None
    if ops.require is None:
        return lambda _, fields, request: edit(fields, request)
    matches = ops.require.compile()
    return lambda status, fields, request: (
        edit(fields, request) if matches(status, fields) else fields
    )
