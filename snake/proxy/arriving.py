"""ArrivingReply: a response whose body comes in pieces, whatever brings them."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from snake.proxy.contract import BrokenReplyError, Duplex, Field


class ArrivingReply(ABC):
    """What HTTP/1.1 and HTTP/2 responses have in common: their bodies wait to be read."""

    __slots__ = ("_broken", "_complete", "_news", "_pieces", "duplex", "fields", "status",
                 "trailers", "version")  # fmt: skip

    def __init__(self, version: str, status: int, fields: list[Field]) -> None:
        self.version = version
        self.status = status
        self.fields = fields
        self.trailers: list[Field] = []
        self.duplex: Duplex | None = None
        self._pieces: list[bytes] = []
        self._complete = False
        self._broken: BrokenReplyError | None = None
        self._news: asyncio.Future[None] | None = None

    # What brings the body calls -----------------------------------------------------------

    def _keep(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._notify()

    def _end(self) -> None:
        """Take the end of the body."""
        self._complete = True
        self._notify()

    def _break(self, why: str) -> None:
        """Take an end before the end; the first reason counts."""
        if not self._complete and self._broken is None:
            self._broken = BrokenReplyError(why)
            self._notify()

    def _notify(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    @abstractmethod
    def _taken(self) -> None:
        """Let more come: what was here is read."""

    # What the proxy calls ---------------------------------------------------------------

    def ready(self) -> bytes | None:
        """Return the whole body if it is here already, else `None`."""
        return self._take() if self._complete else None

    def begun(self) -> bool:
        """Whether some of the body is here."""
        return bool(self._pieces)

    async def read(self) -> bytes:
        """Return the next piece, and `b""` at the end. Raises `BrokenReplyError`."""
        while not self._pieces:
            if self._complete:
                return b""
            if self._broken is not None:
                raise self._broken
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        return self._take()

    def _take(self) -> bytes:
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._taken()
        return data
