"""Keepalive: what listening sockets have and accepted ones inherit."""

from __future__ import annotations

import socket

from snake.transport.settings import Settings


def prepare(sock: socket.socket, settings: Settings) -> None:
    """Set what accepted sockets inherit: no Nagle, and probes that find clients that vanished."""
    sock.setblocking(False)  # noqa: FBT003
    if sock.family == socket.AF_UNIX:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, settings.keepalive_interval >= 0)
    # Linux takes no more than these.
    probes = {
        "TCP_KEEPIDLE": min(settings.keepalive_idle, 32_767),
        "TCP_KEEPINTVL": min(settings.keepalive_interval, 32_767),
        "TCP_KEEPCNT": min(settings.keepalive_count, 127),
    }
    for name, value in probes.items():
        if value > 0 and hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
