"""The cache of a process that is supervisor and worker in one: in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from contextlib import suppress

from snake.core.errors import StartError
from snake.core.variables import CACHE
from snake.engine.cache import address, listen
from snake.engine.folder import PrivateFolder


class ThreadCache:
    """Nothing is there before its address has been asked for."""

    def __init__(self, folder: PrivateFolder) -> None:
        self._folder = folder
        self._secret = secrets.token_hex(32)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._told = ""

    def url(self, namespace: str = "") -> str:
        """Return the address for whoever may see one namespace; it is empty if there is none."""
        try:
            if self._loop is None:
                self._start()
        except StartError:  # then there will be none when it runs, either, and the log says so
            return ""
        return address(self._folder, self._secret, namespace)

    def tell(self) -> None:
        """Tell the apps of this process, unless the environment names a cache."""
        if CACHE not in os.environ and (url := self.url()):
            os.environ[CACHE] = self._told = url

    async def close(self) -> None:
        """End it."""
        if self._told and os.environ.get(CACHE) == self._told:
            del os.environ[CACHE]
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop)
            await asyncio.to_thread(self._thread.join)

    def _start(self) -> None:
        from snake.cache.server import Server  # noqa: PLC0415
        from snake.cache.tokens import Tokens  # noqa: PLC0415

        sock = listen(self._folder)
        server = Server(Tokens(self._secret))
        loop = self._loop = asyncio.new_event_loop()

        def run() -> None:
            with sock, suppress(asyncio.CancelledError):
                loop.run_until_complete(loop.create_task(server.serve(sock)))
            loop.close()

        self._thread = threading.Thread(target=run, name="cache", daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        assert self._loop is not None  # noqa: S101
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
