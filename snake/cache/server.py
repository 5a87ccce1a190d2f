"""Server: the cache itself, on a socket that listens."""

from __future__ import annotations

import asyncio
import socket
import time

from snake.cache.limits import DEFAULT, Limits
from snake.cache.namespace import Budgets, Namespace
from snake.cache.session import Session
from snake.cache.store import Clock
from snake.cache.tokens import Tokens

BACKLOG = 1024
SWEEP = 1.0
"""Seconds between two looks for what has ended and who is overdue."""


class Server:
    """Namespaces in memory, each for whoever has its token."""

    def __init__(
        self, tokens: Tokens, limits: Limits = DEFAULT, clock: Clock = time.monotonic
    ) -> None:
        self.limits = limits
        self._tokens = tokens
        self._clock = clock
        self.budgets = Budgets.of(limits)
        self.strangers = self.budgets.connections.account()
        self.stranger_buffers = self.budgets.buffers.account()
        self.namespaces: dict[str, Namespace] = {}
        self.sessions: set[Session] = set()

    async def serve(self, sock: socket.socket) -> None:
        """Answer on a listening Unix socket, until cancelled."""
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(self._session, sock=sock, backlog=BACKLOG)
        try:
            while True:
                await asyncio.sleep(SWEEP)
                await self.sweep()
        finally:
            server.close()
            for session in list(self.sessions):
                session.abort()

    async def sweep(self) -> None:
        """Let go of what has ended: keys, clients that are overdue, namespaces nobody has."""
        now = asyncio.get_running_loop().time()
        for session in list(self.sessions):
            if session.overdue(now):
                session.abort()
        for name, namespace in list(self.namespaces.items()):
            await namespace.expire()
            if namespace.idle:
                del self.namespaces[name]

    def enter(self, token: str) -> Namespace | None:
        """Return the namespace of a token; nothing for what is none."""
        name = self._tokens.namespace(token)
        if name is None:
            return None
        if name not in self.namespaces:
            self.namespaces[name] = Namespace(self.limits, self.budgets, self._clock)
        return self.namespaces[name]

    def forget(self, session: Session) -> None:
        """Let go of a session that has ended."""
        self.sessions.discard(session)

    def _session(self) -> Session:
        session = Session(self)
        self.sessions.add(session)
        return session
