"""Voice: what a process says to the supervisor of its own accord, from any of its threads."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from snake.fork.channel import Alive, Blocked, Message, Weary, send


class Voice:
    """One end of a channel, for short messages."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Say something. Raises `OSError` when nobody listens."""
        with self._lock:
            send(self._sock, message)

    def close(self) -> None:
        """Say no more: the supervisor is to see the end of the channel."""
        with self._lock:
            self._sock.close()

    def say_alive(self, *, well: bool) -> None:
        """Say that this process is alive; well, or not."""
        self._try(Alive() if well else Blocked())

    def say_weary(self, reason: str) -> None:
        """Ask for another process in the place of this one."""
        self._try(Weary(reason))

    def _try(self, message: Message) -> None:
        with suppress(OSError):
            self.send(message)
