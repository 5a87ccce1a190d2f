"""HeldReply: a response of which a part is read before any is sent on."""

from __future__ import annotations

from snake.proxy.contract import BrokenReplyError, Duplex, Field, Reply


class HeldReply:
    """Reads ahead in another response."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._pieces: list[bytes] = []
        self._whole = False
        self._error: BrokenReplyError | None = None
        self.status = reply.status
        self.version = reply.version
        self.fields = reply.fields
        self.duplex: Duplex | None = None

    @property
    def trailers(self) -> list[Field]:
        """The fields after the body."""
        return self._reply.trailers

    async def hold(self, most: int) -> None:
        """Read up to `most` bytes, or all there is if that is negative."""
        size = 0
        while most < 0 or size < most:
            try:
                piece = await self._reply.read()
            except BrokenReplyError as error:
                self._error = error
                return
            if not piece:
                self._whole = True
                return
            self._pieces.append(piece)
            size += len(piece)

    def ready(self) -> bytes | None:
        """Return the whole body if it is held, else `None`."""
        return self._take() if self._whole else None

    def begun(self) -> bool:
        """Whether some of the body is here."""
        return bool(self._pieces) or self._reply.begun()

    async def read(self) -> bytes:
        """Return the next piece, and `b""` at the end. Raises `BrokenReplyError`."""
        if self._pieces:
            return self._take()
        if self._error is not None:
            raise self._error
        return b"" if self._whole else await self._reply.read()

    def _take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data

    def close(self) -> None:
        """Let go of the connection."""
        self._reply.close()
