"""A process of a pool: runs the app, and answers workers on a Unix socket.

Its life is that of a worker: take the socket and the word from the channel, start the
app, say ready, serve, drain, end.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import time
from contextlib import AsyncExitStack
from typing import Any

from snake.app.lifespan import Lifespan
from snake.app.load import is_asgi, is_wsgi, load_app
from snake.app.pulse import Pulse
from snake.app.threads import MAX_RUNNING, Threads
from snake.app.wear import Wear
from snake.app.wsgi import WSGIRunner
from snake.core.errors import StartError
from snake.fork.channel import Drain, Failed, Inbox, Listen, Provision, Ready
from snake.fork.system import die_with_parent, name_process
from snake.fork.voice import Voice
from snake.pool.door import Door
from snake.pool.loop import loop_factory
from snake.pool.notes import Notes
from snake.pool.serving import Serving
from snake.pool.settings import Settings
from snake.transport.asgi import ASGIApp

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
    sock: socket.socket | None = None
    while (message := inbox.receive()) is not None:
        if isinstance(message, Listen):
            sock = socket.socket(fileno=inbox.take()[0])
        elif isinstance(message, Provision) and sock is not None:
            with asyncio.Runner(loop_factory=loop_factory(settings.uvloop, settings.abi)) as runner:
                return runner.run(_work(channel, voice, sock, settings, app))
    return 1


async def _work(
    channel: socket.socket,
    voice: Voice,
    sock: socket.socket,
    settings: Settings,
    app: Any,  # noqa: ANN401
) -> int:
    pulse, wear = Pulse(voice.say_alive), Wear(voice.say_weary)
    async with AsyncExitStack() as stack:
        try:
            serving = await _start(settings, app, stack)
        except StartError as error:
            channel.setblocking(True)  # noqa: FBT003
            voice.send(Failed(str(error)))
            return 1
        door = Door(sock, serving, settings.owner)
        if settings.max_requests:
            serving.on_answer = wear.counter(settings.name, settings.max_requests)
        if settings.max_memory:
            wear.limit_memory(settings.max_memory)
        stack.enter_context(pulse.beating(wear.check))
        voice.send(Ready())
        pulse.start()
        if not await _told_to_end(channel):
            return 0
        door.close()
        await serving.drain(settings.grace)
    pulse.stop()
    channel.close()
    return 0


async def _start(settings: Settings, app: Any, stack: AsyncExitStack) -> Serving:  # noqa: ANN401
    """Load the app if it is not here yet, and start it. Raises `StartError`."""
    began = time.monotonic()
    loop = asyncio.get_running_loop()
    if isinstance(app, StartError):
        raise app
    if app is None:
        app = _load(settings.name)
    serving = Serving(app)
    if is_asgi(app) or (settings.asgi and not is_wsgi(app)):
        if settings.lifespan:
            left = settings.start_timeout
            if left is not None:
                left = max(left - (time.monotonic() - began), 0.0)
            lifespan = await stack.enter_async_context(Lifespan(settings.name, app, left))
            serving.state = lifespan.state
        return serving
    if settings.asgi:
        raise StartError(
            f'the app "{settings.name}" is a WSGI app: it takes an environ and start_response; '
            "name it with module_wsgi"
        )
    threads = await stack.enter_async_context(Threads(loop, settings.threads or MAX_RUNNING))
    serving.app = _wsgi(settings, app, threads)
    return serving


def _wsgi(settings: Settings, app: Any, threads: Threads) -> ASGIApp:  # noqa: ANN401
    return WSGIRunner(settings.name, app, threads, multiprocess=settings.multiprocess)


def _load(name: str) -> Any:  # noqa: ANN401
    """Load an app without the garbage collector in the way, then or later."""
    gc.disable()
    try:
        return load_app(name)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


async def _told_to_end(channel: socket.socket) -> bool:
    """Wait for the word, or a SIGTERM of our own. Returns `False` if the supervisor is gone."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[bool] = loop.create_future()

    def tell(*, drain: bool) -> None:
        if not told.done():
            told.set_result(drain)

    def hear() -> None:
        channel.setblocking(True)  # noqa: FBT003
        message = Inbox(channel).receive()
        if message is None or isinstance(message, Drain):
            tell(drain=message is not None)

    loop.add_signal_handler(signal.SIGTERM, lambda: tell(drain=True))
    loop.add_reader(channel, hear)
    try:
        return await told
    finally:
        loop.remove_reader(channel)
