"""Probes of TCP, which find clients that are gone without a word."""

from __future__ import annotations

import socket

import pytest

from snake.transport.settings import Settings
from tests.transport.wire import hello, serving


def options(sock: socket.socket) -> tuple[int, int, int, int]:
    """Return whether there are probes, after how long, how often and how many."""
    tcp = [
        sock.getsockopt(socket.IPPROTO_TCP, option)
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    ]
    return (sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), *tcp)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), (1, 15, 15, 9)),
        (Settings(keepalive_idle=30, keepalive_interval=20, keepalive_count=4), (1, 30, 20, 4)),
        (Settings(keepalive_idle=10**9, keepalive_count=10**9), (1, 32_767, 15, 127)),
    ],
)
async def test_probes_are_as_set(settings: Settings, expected: tuple[int, int, int, int]) -> None:
    """Every connection inherits them; what the system does not take is as much as it takes."""
    async with serving(hello, settings) as server:
        assert options(server.serving._sock) == expected  # noqa: SLF001


async def test_there_may_be_none() -> None:
    """A negative interval turns them off; another negative number leaves the system's own."""
    async with serving(hello, Settings(keepalive_interval=-1)) as server:
        assert options(server.serving._sock)[0] == 0  # noqa: SLF001
    async with serving(hello, Settings(keepalive_idle=-1)) as server:
        assert options(server.serving._sock)[1] > 15  # noqa: SLF001
