"""snake's routes as an ordinary ASGI app, for a stock server or a test client.

::

    app = snake.asgi.load("Caddyfile")            # in main.py
    hypercorn main:app

Listening, limits, timeouts and processes are then the other server's; routes,
handlers and the apps are those of the configuration. The server must speak
lifespan: the configuration comes to life at its startup.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

from snake.core.errors import SnakeError
from snake.engine import needs
from snake.engine.loaded import Loaded
from snake.engine.pools import trial
from snake.engine.provision import provision
from snake.engine.source import load as read_config
from snake.http.handler import ASGIApp, Receive, Scope, Send
from snake.python.pools import Pools


def load(config: str | None = None, adapter: str | None = None, server: str = "") -> Site:
    """Read a configuration as `snake run` does, and return one of its servers.

    `server` is its name in the JSON; it is needed when there are several.
    Raises `SnakeError`.
    """
    return Site(read_config(config, adapter), server)


class Site:
    """An ASGI app: provisions its document at lifespan startup, closes it at shutdown."""

    def __init__(self, loaded: Loaded, server: str = "") -> None:
        names = list(needs.http(loaded.document).servers)
        if not server and len(names) != 1:
            raise SnakeError(f"name one of the configuration's servers: {', '.join(names)}")
        if server and server not in names:
            raise SnakeError(f'there is no server "{server}" in the configuration')
        self._loaded = loaded
        self._server = server or names[0]
        self._stack = AsyncExitStack()
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is None:
            raise RuntimeError("snake.asgi needs a server that speaks lifespan")
        else:
            await self._app(_unmapped(scope), receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._start()
        except SnakeError as error:
            await self._stack.aclose()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._app = None
        await self._stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        with self._loaded.placing():
            pools, _ = await trial(self._loaded.document, self._stack)
            servers = await provision(self._loaded.document, self._stack, {Pools: pools})
        self._app = next(server.app for server in servers if server.name == self._server)


def _unmapped(scope: Scope) -> Scope:
    """Name a client of IPv4 by its address, as a dual-stack socket of another server may not."""
    client = scope.get("client")
    if client and client[0].startswith(_MAPPED) and "." in client[0]:
        scope["client"] = (client[0].removeprefix(_MAPPED), client[1])
    return scope


_MAPPED = "::ffff:"
