"""The worker: one process with one event loop that accepts, routes and runs the app.

Its life is a straight line: take the sockets and the document from the
channel, provision, say ready, serve, drain, close everything, end.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from snake.config.document import Document
from snake.core.errors import DocumentError, SnakeError
from snake.core.folder import START
from snake.core.modules import decode
from snake.engine.line import Line
from snake.engine.needs import grace_period, single
from snake.engine.provision import provision
from snake.fork.channel import LONGEST, Announce, Count, Failed, Inbox, Listen, Provision, Ready
from snake.fork.system import die_with_parent, name_process
from snake.http.app import RunningServer
from snake.http.shutdown import SHUTDOWN
from snake.metrics.figures import Figures
from snake.python.pools import Pools
from snake.transport.serve import Serving, serve

Sockets = dict[str, socket.socket]
Offers = dict[type[Any], Any]


def main(channel: socket.socket) -> int:
    """Be a worker until the supervisor says otherwise, or is gone; return the exit code."""
    die_with_parent()
    name_process("snake-worker")
    START.keep()
    # An app's print is seen when it happens, not when a buffer is full.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    inbox = Inbox(channel)
    sockets: Sockets = {}
    files: list[int] = []
    while (message := inbox.receive()) is not None:
        if isinstance(message, Listen):
            sockets.update(zip(message.addresses, map(_adopt, inbox.take()), strict=True))
        elif isinstance(message, Count):
            files += inbox.take()
        elif isinstance(message, Provision):
            offers: Offers = {Figures: Figures(files, message.number)} if files else {}
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                return runner.run(_work(channel, message, sockets, offers))
    return 1


def _adopt(fd: int) -> socket.socket:
    return socket.socket(fileno=fd)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where there is one; PyPy has none."""
    try:
        import uvloop  # noqa: PLC0415  (optional)
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _work(channel: socket.socket, what: Provision, sockets: Sockets, offers: Offers) -> int:
    line = await Line.on(channel, LONGEST)
    async with AsyncExitStack() as stack:
        try:
            document = decode(what.document.encode(), Document)
            grace = grace_period(document)
            pools = await stack.enter_async_context(Pools.decode(what.pools))
            servers = await provision(document, stack, {**offers, Pools: pools})
            running = await _serve(servers, sockets)
        except (Exception, SystemExit) as error:  # noqa: BLE001  (the supervisor reports it)
            line.send(_failed(error))
            await line.flush()
            return 1
        told = asyncio.create_task(_told_to_end(line))
        line.send(Ready())
        if await told:
            _stop_listening(running, sockets)
            await asyncio.gather(*(serving.drain(grace) for serving in running))
    # What is left are tasks and threads that may not end: the supervisor waits no longer for them.
    line.close()
    return 0


async def _serve(servers: list[RunningServer], sockets: Sockets) -> list[Serving]:
    return [
        await serve(sockets[str(address)], server.app, server.settings, wrappers=server.wrappers)
        for server in servers
        for address in single(server.listen)
    ]


def _stop_listening(running: list[Serving], sockets: Sockets) -> None:
    """Close our copies of the sockets.

    While the supervisor has others, as it has for a worker that takes this
    one's place, connections go on to wait there; if not, they are refused.
    """
    for serving in running:
        serving.pause()
    for sock in sockets.values():
        sock.close()


async def _told_to_end(line: Line) -> bool:
    """Wait for the word, or a SIGTERM of our own. Returns `False` if the supervisor is gone."""
    loop = asyncio.get_running_loop()
    terminated = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, terminated.set)
    message = asyncio.create_task(_told_to_drain(line))
    signalled = asyncio.create_task(terminated.wait())
    await asyncio.wait([message, signalled], return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    return signalled.done() or message.result()


async def _told_to_drain(line: Line) -> bool:
    """Wait for the word. Returns `False` if the supervisor is gone."""
    while isinstance(message := await line.receive(), Announce):
        SHUTDOWN.announce(message.seconds)
    return message is not None


def _failed(error: BaseException) -> Failed:
    """Return what the user is told: a message of ours, or the traceback of a bug."""
    if isinstance(error, DocumentError):
        return Failed(error.message, error.path)
    if isinstance(error, SnakeError):
        return Failed(str(error))
    trace = "".join(traceback.format_exception(error)).rstrip()
    name = type(error).__name__
    return Failed(f"unexpected {name}; this is a bug in snake or in a plugin\n{trace}")
