"""Stream: bytes from a thread to the loop, with a bound on how many wait."""

from __future__ import annotations

import threading

from snake.app.threads import PATIENCE, Threads
from snake.transport.asgi import ClientDisconnectedError

HIGH_WATER = 65_536
"""Bytes waiting for the client above which the app's thread waits too."""


class Stream:
    """What a streamed response has yielded and the loop has not sent."""

    __slots__ = ("_chunks", "_gone", "_left", "_room", "_threads", "_waiting")

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._gone = False
        self._left = False
        self._room = threading.Condition(threading.Lock())

    def push(self, chunk: bytes) -> None:
        """Add a chunk, in the app's thread; wait while too many do.

        Raises `ClientDisconnectedError` when nobody will take it.
        """
        if not self._has_room():
            self._await_room()
        with self._room:
            if self._gone or (self._left and not chunk):
                raise ClientDisconnectedError(
                    "the client went away before it took the whole response"
                )
            if chunk:
                self._chunks.append(chunk)
                self._waiting += len(chunk)

    def _has_room(self) -> bool:
        return self._waiting <= HIGH_WATER or self._gone

    def _await_room(self) -> None:
        with self._room:
            if self._room.wait_for(self._has_room, PATIENCE):
                return
        with self._threads.aside(), self._room:
            self._room.wait_for(self._has_room)

    def take(self) -> bytes:
        """Return all that waits; on the loop."""
        with self._room:
            chunks, self._chunks = self._chunks, []
        return b"".join(chunks)

    def sent(self, size: int) -> None:
        """Say that the client's side has taken so many bytes; on the loop."""
        with self._room:
            self._waiting -= size
            self._room.notify_all()

    def leave(self) -> None:
        """Say that the client has closed its side; on the loop.

        It may still take all that comes, which only sending it can tell. An app
        that has nothing to send is stopped.
        """
        self._left = True

    def abandon(self) -> None:
        """Say that nobody will take any more; on the loop."""
        with self._room:
            self._gone = True
            self._room.notify_all()
