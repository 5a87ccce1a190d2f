"""A process of a pool: runs the app, and answers workers on a Unix socket.

Its life is that of a worker: take the socket and the word from the channel, start the
app, say ready, serve, drain, end.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from contextlib import AsyncExitStack, aclosing
from functools import partial
from typing import Any

from snake.app.deadline import TimeLimit
from snake.app.pulse import Pulse
from snake.app.stack import dump_into
from snake.app.startup import start_app
from snake.app.wear import Wear
from snake.core.errors import StartError
from snake.core.variables import WORKER_ID
from snake.fork import channel as messages
from snake.fork.channel import Drain, Dump, Failed, Inbox, Listen, Message, Provision, Ready
from snake.fork.loops import Factory, Loops, Orders, Serve, Word
from snake.fork.system import die_with_parent, name_process
from snake.fork.voice import Voice
from snake.pool.door import Door
from snake.pool.loop import loop_factory
from snake.pool.notes import Notes
from snake.pool.serving import Serving
from snake.pool.settings import Settings

_LATER = 0.5
"""Seconds after the worker has given up a request until the app is stopped."""

log = logging.getLogger("snake.python")


def main(channel: socket.socket, settings: Settings, app: Any) -> int:  # noqa: ANN401
    """Be a process of the pool until the supervisor says otherwise; return the exit code.

    `app` is the app if it was loaded before, or why it could not be.
    """
    die_with_parent()
    name_process("snake-app")
    voice = Voice(channel)
    logging.getLogger("snake").addHandler(Notes(voice))
    logging.getLogger("snake").propagate = False
    inbox = Inbox(channel)
    sockets: list[socket.socket] = []
    while (message := inbox.receive()) is not None:
        if isinstance(message, Listen):
            sockets += [socket.socket(fileno=fd) for fd in inbox.take()]
        elif isinstance(message, Dump):
            dump_into(inbox.take()[0])
        elif isinstance(message, Provision):
            os.environ[WORKER_ID] = str(message.number)
            factory = loop_factory(settings.uvloop, settings.abi)
            with asyncio.Runner(loop_factory=factory) as runner:
                return runner.run(Process(channel, voice, settings, app).run(sockets, factory))
    return 1


class Process:
    """What its loops have in common."""

    def __init__(
        self,
        channel: socket.socket,
        voice: Voice,
        settings: Settings,
        app: Any,  # noqa: ANN401
    ) -> None:
        self._channel = channel
        self._voice = voice
        self._settings = settings
        self._app = app
        self._pulse = Pulse(voice.say_alive)
        self._wear = Wear(voice.say_weary)

    async def run(self, sockets: list[socket.socket], factory: Factory) -> int:
        """Serve on one loop, or on one for each socket, until told to end; return the exit code."""
        serves: list[Serve] = [partial(self._serve, sock) for sock in sockets]
        try:
            if len(serves) == 1:
                await serves[0](self._word)
            else:
                await Loops(serves, factory).run(self._word)
        except StartError as error:
            self._channel.setblocking(True)  # noqa: FBT003
            self._voice.send(Failed(str(error)))
            return 1
        self._pulse.stop()
        self._channel.close()
        return 0

    async def _word(self) -> Orders:
        self._voice.send(Ready())
        self._pulse.start()
        async with aclosing(_orders(self._channel)) as orders:
            async for order in orders:
                yield order

    async def _serve(self, sock: socket.socket, word: Word) -> None:
        """Start the app on this loop, and serve it as one is told. Raises `StartError`."""
        settings = self._settings
        if isinstance(self._app, StartError):
            raise self._app
        async with AsyncExitStack() as stack:
            app = await start_app(
                settings.terms, stack.enter_async_context, self._app, self._wear.ask
            )
            serving = Serving(app.run)
            if settings.request_timeout is not None:
                seconds = settings.request_timeout + _LATER
                serving.app = TimeLimit(settings.terms.name, app.run, seconds)
            serving.state = app.state
            if settings.max_requests:
                serving.on_answer = self._wear.counter(settings.terms.name, settings.max_requests)
            if settings.max_memory:
                self._wear.limit_memory(settings.max_memory)
            stack.enter_context(self._pulse.beating(self._wear.check))
            door = Door(sock, serving, settings.owner)
            orders = await stack.enter_async_context(aclosing(word()))
            async for order in orders:
                if isinstance(order, messages.Serve):
                    door.open()
                elif isinstance(order, Drain):
                    door.close()
                    await serving.drain(settings.grace)
                    break


async def _orders(channel: socket.socket) -> Orders:
    """Yield what the supervisor says until it is gone.

    A SIGTERM of our own is as good as its word to drain.
    """
    loop = asyncio.get_running_loop()
    orders: asyncio.Queue[Message | None] = asyncio.Queue()

    def hear() -> None:
        channel.setblocking(True)  # noqa: FBT003
        message = Inbox(channel).receive()
        if message is None:
            loop.remove_reader(channel)
        orders.put_nowait(message)

    loop.add_signal_handler(signal.SIGTERM, orders.put_nowait, Drain())
    loop.add_reader(channel, hear)
    try:
        while (order := await orders.get()) is not None:
            yield order
    finally:
        loop.remove_reader(channel)
