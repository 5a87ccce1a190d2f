"""The worker: a process that accepts, routes and runs the app, on one event loop or on several.

Its life is a straight line: take the sockets and the document from the
channel, provision, say ready, serve when told to, drain, close everything, end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from functools import partial

from snake.app.pulse import Pulse
from snake.app.stack import dump_into
from snake.app.wear import Wear
from snake.core.folder import START
from snake.core.variables import CACHE, WORKER_ID
from snake.engine.line import Line
from snake.engine.live import NotLiveError, Offers, Sockets, live
from snake.engine.loop import loop_factory
from snake.fork.asking import Asking, hand_out
from snake.fork.channel import (
    LONGEST,
    Announce,
    Count,
    Drain,
    Dump,
    Failed,
    Inbox,
    KeepCache,
    Listen,
    Message,
    Prepare,
    Provision,
    Ready,
    send,
)
from snake.fork.loops import Orders, Serve
from snake.fork.system import die_with_parent, name_process
from snake.fork.voice import Voice
from snake.fork.zygote import Zygote
from snake.http.shutdown import SHUTDOWN
from snake.metrics.figures import Figures


def main(channel: socket.socket) -> int:
    """Be a worker until the supervisor says otherwise, or is gone; return the exit code."""
    die_with_parent()
    name_process("snake-worker")
    START.keep()
    # An app's print is seen when it happens, not when a buffer is full.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    return _follow(channel)


def _follow(channel: socket.socket) -> int:
    """Do as the channel says."""
    inbox = Inbox(channel)
    loops: list[Sockets] = []
    files: list[int] = []
    before: list[int] = []
    own = 0
    while (message := inbox.receive()) is not None:
        if isinstance(message, Listen):
            loops += [{} for _ in range(message.loop + 1 - len(loops))]
            for address, fd in zip(message.addresses, inbox.take(), strict=True):
                loops[message.loop].setdefault(address, []).append(socket.socket(fileno=fd))
        elif isinstance(message, Dump):
            dump_into(inbox.take()[0])
        elif isinstance(message, Count):
            (before if message.before else files).extend(inbox.take())
            own = own if message.before else message.own
        elif isinstance(message, Prepare):
            return _prepare(channel, message)
        elif isinstance(message, KeepCache):
            from snake.engine import cache  # noqa: PLC0415  (one process of them all needs it)

            return cache.main(channel, loops[0].popitem()[1][0], message.secret)
        elif isinstance(message, Provision):
            os.environ[WORKER_ID] = str(message.number)
            _tell_cache(message.cache)
            return _run(channel, message, loops or [{}], (files, own, before))
    return 1


def _prepare(channel: socket.socket, message: Prepare) -> int:
    """Load the apps, and be the process that the workers are forked from: `preload on`."""
    from snake.engine.preload import load_apps  # noqa: PLC0415  (few configs ask for it)

    _tell_cache(message.cache)
    failed = load_apps(message.settings)
    name_process("snake-preload")
    from snake.engine.zygote import share_tickets  # noqa: PLC0415  (as above)

    forked = Zygote(channel, share_tickets).serve()
    if forked is None:
        return 0
    die_with_parent()
    name_process("snake-worker")
    return _follow(forked) if failed is None else _say(forked, failed)


def _tell_cache(url: str) -> None:
    """Tell the apps where their cache is, unless the environment has named one."""
    if url:
        os.environ.setdefault(CACHE, url)


def _say(channel: socket.socket, failed: Failed) -> int:
    """Tell the supervisor what failed, when it has said all that it has to say."""
    inbox = Inbox(channel)
    while (message := inbox.receive()) is not None:
        if isinstance(message, Provision):
            send(channel, failed)
            break
    return 1


def _run(
    channel: socket.socket,
    what: Provision,
    loops: list[Sockets],
    counting: tuple[list[int], int, list[int]],
) -> int:
    """Run a document on one event loop, or on several, each in a thread of its own."""
    voice = Voice(channel.dup())
    pulse, wear = Pulse(voice.say_alive), Wear(voice.say_weary)
    askings = [Asking(at, voice.tell) for at in range(len(loops))]
    offers: list[Offers] = [{Pulse: pulse, Wear: wear, Asking: each} for each in askings]
    files, own, before = counting
    for at, offered in enumerate(offers):
        if at:  # each closes its own descriptors
            files, before = [os.dup(file) for file in files], [os.dup(file) for file in before]
        offered[Figures] = Figures(files, own + at, before, leads=what.number + at == 0)
    serves = [partial(live, what, *part) for part in zip(loops, offers, strict=True)]
    serve: Serve = serves[0]
    if len(serves) > 1:
        from snake.fork.loops import Loops  # noqa: PLC0415  (few configs ask for it)

        serve = Loops(serves, loop_factory()).run
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_work(channel, serve, pulse, voice, askings))


async def _work(
    channel: socket.socket, serve: Serve, pulse: Pulse, voice: Voice, askings: list[Asking]
) -> int:
    """Serve as the supervisor says; tell it if that could not begin."""
    line = await Line.on(channel, LONGEST)
    try:
        await serve(partial(_orders, line, pulse, askings))
        pulse.stop()
        voice.close()
    except NotLiveError as error:
        line.send(error.failed)
        await line.flush()
        return 1
    # What is left are tasks and threads that may not end: the supervisor waits no longer for them.
    line.close()
    return 0


async def _orders(line: Line, pulse: Pulse, askings: list[Asking]) -> Orders:
    """Say that all is ready, and yield what the supervisor says until it is gone.

    A SIGTERM of our own is as good as its word to drain.
    """
    orders: asyncio.Queue[Message | None] = asyncio.Queue()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, orders.put_nowait, Drain())
    hearing = asyncio.create_task(_hear(line, orders))
    line.send(Ready())
    pulse.start()
    try:
        while (message := await orders.get()) is not None:
            if isinstance(message, Announce):
                SHUTDOWN.announce(message.seconds)
            elif not hand_out(message, askings):
                yield message
    finally:
        hearing.cancel()


async def _hear(line: Line, orders: asyncio.Queue[Message | None]) -> None:
    while (message := await line.receive()) is not None:
        orders.put_nowait(message)
    orders.put_nowait(None)
