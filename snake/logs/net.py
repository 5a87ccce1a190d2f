"""The network writer: sends lines to a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.config.struct import Duration, seconds
from snake.core.dial import parse_network
from snake.core.errors import StartError
from snake.core.modules import Context, Module
from snake.core.network import AddressError, NetworkAddress
from snake.core.surroundings import PlaceholderError, fill
from snake.core.units import duration
from snake.logs.trouble import complain
from snake.logs.writers import Writer

if TYPE_CHECKING:
    from snake.logs.sender import Sender


class Net(Module):
    """The JSON of `caddy.logging.writers.net`: `address` is like `tcp/localhost:514`.

    A line is a datagram, where it is datagrams (`udp/`, `unixgram/`). With `soft_start`, a
    socket that cannot be reached when the config is loaded is no error. `dial_timeout` is 10 s
    unless given.
    """

    id = "caddy.logging.writers.net"

    address: str = ""
    dial_timeout: Duration = 0
    soft_start: bool = False

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `net <address> { … }`."""
        del guests
        fields: dict[str, Any] = {"address": line.arg()}
        for sub in subdirectives(line, ("dial_timeout", "soft_start")):
            if sub.name == "dial_timeout":
                fields[sub.name] = sub.value(duration)
            else:
                sub.none()
                fields[sub.name] = True
        return cls(**fields)

    async def provision(self, ctx: Context) -> Writer:
        """Connect. Raises `ConfigError`, and `StartError` when nobody is there."""
        address = self._parsed(ctx.at("address"))
        timeout = seconds(self.dial_timeout, ctx.at("dial_timeout").path)
        # Few logs go to a socket, and it takes a thread to send them.
        from snake.logs.sender import Sender  # noqa: PLC0415

        return await ctx.enter(_sending(Sender(address, timeout), is_soft=self.soft_start))

    def _parsed(self, ctx: Context) -> NetworkAddress:
        try:
            address = parse_network(fill(self.address))
        except (AddressError, PlaceholderError) as error:
            raise ctx.fail(str(error)) from None
        if address.is_fd:
            raise ctx.fail(f"a log cannot be sent to {address}")
        if not address.is_unix and address.start_port != address.end_port:
            raise ctx.fail(f"a log is sent to one port, not to {address}")
        if not address.is_unix and not address.start_port:
            raise ctx.fail(f'"{self.address}" has no port')
        return address


@asynccontextmanager
async def _sending(sender: Sender, *, is_soft: bool) -> AsyncIterator[Sender]:
    try:
        await asyncio.to_thread(sender.dial)
    except OSError as error:
        if not is_soft:
            raise StartError(f"cannot connect to {sender.name} for a log: {error}") from None
        complain(f"cannot connect to {sender.name} for a log; trying again", error=str(error))
    sender.start()
    try:
        yield sender
    finally:
        await asyncio.to_thread(sender.close)
