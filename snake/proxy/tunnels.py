"""Tunnels: clients and upstreams that speak to each other after `101 Switching Protocols`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from os import urandom

from snake.core.record import Record
from snake.proxy.contract import Duplex
from snake.transport.asgi import ClientDuplex

_CLOSE = b"\x88\x02\x03\xe9"
"""A WebSocket's Close frame with 1001, going away (RFC 6455 §5.5.1), as a server sends it."""
_GOODBYE = 1.0
"""Seconds in which the last bytes can be written."""


class Tunnels(Record):
    """How long tunnels last; times are seconds."""

    timeout: float | None = None
    """For all of a tunnel."""
    close_delay: float = 0.0
    """Between the end of a config that another has taken over from, and that of a tunnel."""

    async def run(self, client: ClientDuplex, upstream: Duplex, *, websocket: bool) -> None:
        """Carry bytes both ways until the upstream has ended, one side fails, or time is over.

        A WebSocket is over when the client has ended, too; in another protocol it may still read.
        """
        loop = asyncio.get_running_loop()
        stopping: asyncio.Future[None] = loop.create_future()
        client.when_drained(lambda: _resolve(stopping), self.close_delay)
        up = loop.create_task(_carry(client, upstream))
        down = loop.create_task(_carry(upstream, client))
        try:
            async with asyncio.timeout(self.timeout):
                await _over(up, down, stopping, websocket=websocket)
            if stopping.done() and websocket:
                await _say_goodbye(client, upstream)
        except TimeoutError:
            pass
        finally:
            up.cancel()
            down.cancel()
            await asyncio.wait([up, down])
            upstream.close()
            client.close()


async def _carry(source: Duplex, sink: Duplex) -> None:
    """Carry bytes one way. Raises `OSError` when the other side is gone."""
    while data := await source.read():
        await sink.write(data)
    sink.end()


async def _over(
    up: asyncio.Task[None],
    down: asyncio.Task[None],
    stopping: asyncio.Future[None],
    *,
    websocket: bool,
) -> None:
    """Wait for the end of a tunnel."""
    await asyncio.wait([up, down, stopping], return_when=asyncio.FIRST_COMPLETED)
    if up.done() and up.exception() is None and not websocket:
        await asyncio.wait([down, stopping], return_when=asyncio.FIRST_COMPLETED)


async def _say_goodbye(client: Duplex, upstream: Duplex) -> None:
    """Tell both ends of a WebSocket that it is over."""
    mask = urandom(4)
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(_CLOSE[2:]))
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_GOODBYE):
            await client.write(_CLOSE)
            await upstream.write(_CLOSE[:1] + b"\x82" + mask + masked)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
