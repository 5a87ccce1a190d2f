"""Wrapping: encoders that change records, or lines, and leave the rest to another encoder."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

import msgspec

from snake.caddyfile.guests import Guests
from snake.caddyfile.words import Words
from snake.config.struct import Guest
from snake.core.modules import Context
from snake.core.namespace import In
from snake.logs.encoders import Encoder, EncoderModule, JSONLines

ENCODERS = "caddy.logging.encoders"


class WrappingModule(EncoderModule):
    """The base of modules that wrap the encoder in `wrap`; without it, what is usual."""

    wrap: Annotated[Guest, In(ENCODERS, "format")] = None

    async def wrapped(self, ctx: Context) -> Encoder | None:
        """Provision the encoder inside, if there is one."""
        if self.wrap is None:
            return None
        encoder: Encoder = await ctx.at("wrap").load(self.wrap, namespace=ENCODERS, key="format")
        return encoder


class Wrapping(Encoder):
    """The base of running encoders that wrap another; JSON lines if there is none."""

    def __init__(self, wrapped: Encoder | None) -> None:
        self._given = wrapped
        self.wrapped = wrapped or JSONLines()

    @abstractmethod
    def over(self, wrapped: Encoder) -> Encoder:
        """Return the same encoder over another."""

    def with_default(self, default: Encoder) -> Encoder:
        """Return this encoder over `default`, if the config names none."""
        return self.over(self._given.with_default(default) if self._given else default)

    def without_time(self) -> Encoder:
        """Return this encoder over one without the time."""
        return self.over(self.wrapped.without_time())


def read_wrap(sub: Words, guests: Guests) -> msgspec.Raw:
    """Read `wrap <encoder> …`."""
    return guests.json(sub.guest(), ENCODERS, "format")
