"""Voice: what a process says to the supervisor of its own accord, from any of its threads."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress

from snake.fork.channel import Alive, Blocked, Message, Weary, frame


class Voice:
    """One end of a channel."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Say something, whole; wait while the supervisor is behind.

        Raises `OSError` when nobody listens.
        """
        data = memoryview(frame(message))
        with self._lock:
            while data:
                try:
                    data = data[self._sock.send(data) :]
                except BlockingIOError:  # a loop that has the same socket made it so
                    poll = select.poll()
                    poll.register(self._sock, select.POLLOUT)
                    poll.poll(1000)

    def tell(self, message: Message) -> None:
        """Say something, if anybody listens."""
        self._try(message)

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
