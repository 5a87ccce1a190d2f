"""Live: a document that is served on one event loop, from its provisioning to its end."""

from __future__ import annotations

import socket
import traceback
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from snake.app.pulse import Pulse
from snake.app.wear import Wear
from snake.config.document import Document
from snake.core.errors import DocumentError, SnakeError
from snake.core.modules import decode
from snake.engine.cpu import Cpu
from snake.engine.duty import Duty
from snake.engine.keyring import keyring
from snake.engine.lag import Lag, each_of
from snake.engine.losses import Losses
from snake.engine.needs import grace_period
from snake.engine.provision import provision
from snake.fork.asking import Asking
from snake.fork.channel import Failed, Provision
from snake.fork.loops import Word
from snake.http.protocols import Inherited
from snake.metrics.apps import of_loop, of_process
from snake.metrics.figures import Figures
from snake.metrics.inquiry import Inquiry
from snake.python.pools import Pools
from snake.tls.ring import Ring

Sockets = dict[str, list[socket.socket]]
"""By address, as it stands in the document."""
Offers = dict[type[Any], Any]
"""What the host offers to modules, and to the loop: `Pulse`, `Wear` and `Asking`."""


class NotLiveError(Exception):
    """A document could not be brought to life; `failed` is what the supervisor is told."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.reason)
        self.failed = failed


async def live(what: Provision, sockets: Sockets, offers: Offers, word: Word) -> None:
    """Provision a document, serve it as one is told, drain, and close all of it.

    Raises `NotLiveError`.
    """
    async with AsyncExitStack() as stack:
        try:
            document = decode(what.document.encode(), Document)
            grace = grace_period(document)
            asking = offers[Asking]
            pools = await stack.enter_async_context(Pools.decode(what.pools, asking.tell))
            asking.listen(pools.hear)
            ring = keyring(what.keys, asking)
            inquiry = Inquiry(asking.tell)
            asking.listen(inquiry.hear)
            inherited = _inherited(sockets)
            own = {Pools: pools, Ring: ring, Inherited: inherited, Inquiry: inquiry}
            servers = await provision(document, stack, {**offers, **own})
        except (Exception, SystemExit) as error:  # noqa: BLE001  (the supervisor reports it)
            raise NotLiveError(_failed(error)) from None
        lag = Lag(of_loop(offers[Figures], what.number + asking.number))
        looks = [lag.look, Losses(offers[Figures]).look, offers[Wear].check]
        if not asking.number:  # the first loop of a process counts for all of them
            looks.append(Cpu(of_process(offers[Figures])).look)
        stack.enter_context(offers[Pulse].beating(each_of(*looks)))
        meeting = Path(what.meeting) if what.meeting else None
        await Duty(servers, sockets, grace, asking.tell, meeting).follow(word())


def _inherited(sockets: Sockets) -> Inherited:
    """Return the ports of sockets whose addresses do not tell them."""
    return Inherited(
        {
            address: own[0].getsockname()[1]
            for address, own in sockets.items()
            if address.startswith("fdgram/") and own[0].family != socket.AF_UNIX
        }
    )


def _failed(error: BaseException) -> Failed:
    """Return what the user is told: a message of ours, or the traceback of a bug."""
    if isinstance(error, DocumentError):
        return Failed(error.message, error.path)
    if isinstance(error, SnakeError):
        return Failed(str(error))
    trace = "".join(traceback.format_exception(error)).rstrip()
    name = type(error).__name__
    return Failed(f"unexpected {name}; this is a bug in snake or in a plugin\n{trace}")
