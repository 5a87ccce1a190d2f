"""What an encoder is: one content coding that `encode` can put on a response."""

from __future__ import annotations

from typing import Protocol

from snake.core.modules import Context, Module


class Stream(Protocol):
    """One response on its way through an encoder, a piece at a time."""

    def write(self, data: bytes, *, flush: bool) -> bytes:
        """Return what can be sent after `data`; with `flush`, all of what came in so far."""
        ...

    def end(self) -> bytes:
        """Return the rest, which ends the response. Nothing may be written after it."""
        ...


class Encoder(Protocol):
    """One coding with its settings. Many responses, in many threads, may use it at once."""

    coding: str
    """Its name in Accept-Encoding and Content-Encoding."""
    inline: int
    """Bytes up to which it takes some 2 ms at most; a thread encodes more, so that others go on."""

    def whole(self, data: bytes) -> bytes:
        """Return a whole body, encoded."""
        ...

    def stream(self) -> Stream:
        """Return the state for one response."""
        ...


class EncoderModule(Module):
    """The base of modules in `http.encoders`."""

    async def provision(self, ctx: Context) -> Encoder:
        """Return the encoder."""
        raise NotImplementedError
