"""Preloaded: a spawner whose forks have the apps of a document loaded already."""

from __future__ import annotations

import asyncio
import socket

from snake.engine.spawner import Spawner, Started
from snake.fork.channel import Prepare, frame


async def preloaded(
    spawner: Spawner, document: str, cache: str, tickets: tuple[str, ...]
) -> Spawner:
    """Return a spawner for workers; it is to be entered. Raises `StartError`.

    Its zygote is a fork of the workers' own. What fails when it loads the apps is
    told by its forks.
    """

    async def start() -> Started:
        child = await spawner.fork(tickets)
        await send_whole(child.sock, frame(Prepare(document, cache)))
        return Started(child.pid, child.sock)

    return Spawner(await start(), start)


async def send_whole(sock: socket.socket, data: bytes) -> None:
    """Send more than the buffer of a socket may hold."""
    await asyncio.get_running_loop().sock_sendall(sock, data)
