"""Drive a part of snake in this process, without a socket, and take its CPU time."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

from snake.transport.asgi import ASGIApp
from snake.transport.http1 import Connection
from snake.transport.serve import Serving
from snake.transport.settings import Settings

CONNECTIONS = 100
REQUEST = b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
"""What wrk sends."""


class Answers:
    """Counts responses, and wakes whoever waits for all of a round."""

    def __init__(self) -> None:
        self._left = 0
        self._all = asyncio.Event()

    def expect(self, count: int) -> None:
        """Begin a round of `count` responses."""
        self._left = count
        self._all.clear()

    def arrived(self) -> None:
        """Count one response."""
        self._left -= 1
        if not self._left:
            self._all.set()

    async def wait(self) -> None:
        """Wait until the round is complete."""
        await self._all.wait()


class Wire(asyncio.Transport):
    """Takes a response and forgets it."""

    def __init__(self, answers: Answers) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000), "sockname": ("127.0.0.1", 80)})
        self._answers = answers

    def write(self, data: object) -> None:
        """Count a response; the short ones measured here are one write each."""
        del data
        self._answers.arrived()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Accept any: the buffer is never full."""

    def get_write_buffer_size(self) -> int:
        """Return how much waits: nothing."""
        return 0

    def is_closing(self) -> bool:
        """Stay open."""
        return False

    def pause_reading(self) -> None:
        """Accept: nothing more comes until the response is out."""

    def resume_reading(self) -> None:
        """Accept, likewise."""


async def transport(app: ASGIApp, requests: int, request: bytes = REQUEST) -> float:
    """Return the CPU seconds of a request from its bytes to its response's, `app` included."""
    with socket.socket() as sock:
        serving = Serving(sock, app, Settings(), None)
        answers = Answers()
        connections = [Connection(serving) for _ in range(CONNECTIONS)]
        for connection in connections:
            connection.connection_made(Wire(answers))

        async def one_round() -> None:
            answers.expect(CONNECTIONS)
            for connection in connections:
                connection.data_received(request)
            await answers.wait()

        seconds = await repeat(one_round, requests // CONNECTIONS) / CONNECTIONS
        for connection in connections:
            connection.connection_lost(None)
    return seconds


async def repeat(action: Callable[[], Awaitable[Any]], times: int) -> float:
    """Return the CPU seconds that one `action` takes: the best of ten batches.

    What disturbs a batch only ever makes it slower, so the best says most.
    """
    best = float("inf")
    batch = max(times // 10, 1)
    for _ in range(10):
        began = time.process_time()
        for _ in range(batch):
            await action()
        best = min(best, time.process_time() - began)
    return best / batch
