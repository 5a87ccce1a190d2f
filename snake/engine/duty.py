"""Duty: what a worker does once it is ready, as the supervisor says."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from snake.engine.needs import datagrams, single
from snake.fork.channel import Drain, Leaving, Message, Serve
from snake.fork.loops import Orders
from snake.http.app import RunningServer
from snake.transport.serve import Serving

if TYPE_CHECKING:
    from snake.transport.quic.door import Door


class Duty:
    """Serves when it is told to, and drains when it is told to."""

    def __init__(
        self,
        servers: Sequence[RunningServer],
        sockets: Mapping[str, Sequence[socket.socket]],
        grace: float | None,
        tell: Callable[[Message], None],
        meeting: Path | None = None,
    ) -> None:
        """`tell` tells the supervisor; `meeting` is where sockets for HTTP/3 find each other."""
        self._servers = servers
        self._sockets = sockets
        self._grace = grace
        self._meeting = meeting
        self._tell = tell
        self._running: list[Serving | Door] = []
        self._draining: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    async def follow(self, orders: Orders) -> None:
        """Do as one is told; return when all is drained, or nobody is left to tell."""
        hearing = asyncio.create_task(self._hear(orders))
        await self._over.wait()
        hearing.cancel()
        if self._draining is not None and self._draining.done():
            self._draining.result()

    async def _hear(self, orders: Orders) -> None:
        async for order in orders:
            self._take(order)
        self._over.set()

    def _take(self, order: Message) -> None:
        match order:
            case Serve() if not self._running and self._draining is None:
                self._serve()
            case Drain(linger=linger) if self._draining is None:
                self._draining = asyncio.create_task(self._drain(linger))
                self._draining.add_done_callback(lambda _: self._over.set())
            case Drain():
                for serving in self._running:
                    serving.hasten()

    def _serve(self) -> None:
        for server in self._servers:
            for address in single(server.listen):
                for sock in self._sockets[str(address)] if not address.is_datagram else ():
                    serving = Serving(
                        sock,
                        server.app,
                        server.settings,
                        None,
                        server.wrappers,
                        encryption=server.encryption_at(address),
                    )
                    serving.resume()
                    self._running.append(serving)
            self._serve_datagrams(server)

    def _serve_datagrams(self, server: RunningServer) -> None:
        """Serve HTTP/3, where there is any."""
        encryption = server.encryption
        if encryption is None:
            return
        for address in server.http3:
            for sock in self._sockets.get(str(datagrams(address)), ()):
                # Not before someone needs it: a site without TLS has no HTTP/3.
                from snake.transport.quic.door import Door  # noqa: PLC0415

                door = Door(sock, server.app, server.settings, encryption, self._meeting)
                door.resume()
                self._running.append(door)

    async def _drain(self, linger: float) -> None:
        """Close our copies of the sockets, and let everything end.

        While the supervisor has others, as it has for a worker that takes this
        one's place, connections go on to wait there; if not, they are refused.
        """
        for serving in self._running:
            serving.pause()
        for sockets in self._sockets.values():
            for sock in sockets:
                sock.close()
        self._tell(Leaving())
        drains = (serving.drain(self._grace, linger) for serving in self._running)
        await asyncio.gather(*drains)
