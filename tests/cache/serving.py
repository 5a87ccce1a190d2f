"""Caches to test with: snake's own in a thread, and a real Redis.

::

    with embedded(tmp_path) as server:
        Cache(server.url("shop")).get("key")
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from snake.cache.address import parse
from snake.cache.limits import DEFAULT, Limits
from snake.cache.resp import MORE, Replies, Reply, encode_command
from snake.cache.server import Server
from snake.cache.tokens import Tokens
from snake.engine.loop import loop_factory

REDIS = shutil.which("redis-server")
NO_REDIS = "redis-server is not installed"
PATIENCE = 10.0


class Embedded:
    """A server in a thread of its own, on a Unix socket."""

    def __init__(self, folder: Path, limits: Limits, clock: Callable[[], float]) -> None:
        # A path in pytest's folders may be too long for a socket.
        self._folder = Path(tempfile.mkdtemp(prefix="cache-"))
        self.path = str(self._folder / "cache.sock")
        del folder
        self.tokens = Tokens("secret")
        self.server = Server(self.tokens, limits, clock)
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.bind(self.path)
        self._sock.listen(1024)
        self._loop = (loop_factory() or asyncio.new_event_loop)()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run)

    def url(self, namespace: str = "") -> str:
        """Return the address for a namespace."""
        return f"unix://{self.path}?token={self.tokens.grant(namespace)}"

    def call(self, work: Callable[[], Any]) -> Any:
        """Do something in the thread of the server."""

        async def done() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(PATIENCE)

    def sweep(self) -> None:
        """Let the server look for what has ended."""
        asyncio.run_coroutine_threadsafe(self.server.sweep(), self._loop).result(PATIENCE)

    def start(self) -> None:
        """Serve."""
        self._thread.start()

    def stop(self) -> None:
        """End it, and see whether anything went wrong in it."""

        def cancel() -> None:
            if self._task is not None:
                self._task.cancel()

        self._loop.call_soon_threadsafe(cancel)
        self._thread.join(PATIENCE)
        self._sock.close()
        shutil.rmtree(self._folder)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self.server.serve(self._sock))
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


@contextmanager
def embedded(
    folder: Path, limits: Limits = DEFAULT, clock: Callable[[], float] = time.monotonic
) -> Iterator[Embedded]:
    """Run snake's cache."""
    server = Embedded(folder, limits, clock)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def redis(*options: str) -> Iterator[str]:
    """Run a Redis, and return the path of its socket."""
    assert REDIS is not None
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    path = folder / "redis.sock"
    command = [REDIS, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(
        [*command, "--requirepass", "p@ss:word", *options], stdout=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + PATIENCE
        while not _answers(path):
            assert time.monotonic() < end
            time.sleep(0.01)
        yield str(path)
    finally:
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(folder)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        return not sock.connect_ex(str(path))


class Wire:
    """A connection on which a test says what it likes."""

    def __init__(self, url: str, *, token: bool = True) -> None:
        address = parse(url)
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(address.path)
        self._replies = Replies()
        if token:
            assert self.ask("AUTH", address.secret) == "OK"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def ask(self, *args: str | bytes) -> Any:
        """Send a command, and return the answer."""
        self.send(*args)
        return self.answer()

    def send(self, *args: str | bytes) -> None:
        """Send a command."""
        self.sock.sendall(
            encode_command([arg.encode() if isinstance(arg, str) else arg for arg in args])
        )

    def send_some(self, data: bytes) -> int:
        """Send what is taken now; return how much that is."""
        try:
            return self.sock.send(data)
        except (TimeoutError, BlockingIOError, BrokenPipeError, ConnectionResetError):
            return 0

    def answer(self) -> Reply:
        """Return the next answer."""
        while (reply := self._replies.next()) is MORE:
            data = self.sock.recv(65_536)
            if not data:
                raise EOFError
            self._replies.feed(data)
        return reply

    def ends(self) -> bool:
        """Whether the server closes the connection; what it says before is passed over."""
        with suppress(ConnectionResetError):
            while self.sock.recv(65_536):
                pass
        return True
