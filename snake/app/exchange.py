"""Exchange: one call of a WSGI app, between the thread that makes it and the loop that sends.

A whole response crosses once. A streamed one crosses in pieces: what the app
yields while the loop is busy goes out together.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING

from snake.app.environ import Environ
from snake.app.failure import excerpt, is_disconnect
from snake.app.filewrapper import FileWrapper
from snake.app.start import Headers, content_length, encode_headers, parse_status
from snake.app.stream import Stream
from snake.app.threads import Threads

if TYPE_CHECKING:
    from a2wsgi.wsgi_typing import WSGIApp

log = logging.getLogger("snake.python")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType]


class Outbox:
    """Exchanges of one app with news for the loop, which is woken once for all of them."""

    __slots__ = ("_loop", "_news", "_woken", "app", "threads")

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: Threads, app: str) -> None:
        self.threads = threads
        self.app = app
        """The app's name."""
        self._loop = loop
        self._news: deque[Exchange] = deque()
        self._woken = False

    def post(self, exchange: Exchange) -> None:
        """Tell the loop, from any thread."""
        # The exchange is in before the flag is looked at, and `_deliver` clears the
        # flag before it looks: nothing is left behind.
        self._news.append(exchange)
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._woken = False
        news = self._news
        while news:
            news.popleft().wake()


class Exchange:
    """One request to an app. The public attributes are for the loop, after `wait`."""

    __slots__ = (
        "_app",
        "_committed",
        "_environ",
        "_outbox",
        "_waiter",
        "body",
        "close",
        "complete",
        "failure",
        "file",
        "gone",
        "headers",
        "sends_files",
        "started",
        "status",
        "stream",
        "thread",
        "waited",
    )

    def __init__(
        self, app: WSGIApp, environ: Environ, outbox: Outbox, waiter: asyncio.Future[None]
    ) -> None:
        self._app = app
        self._environ = environ
        self._outbox = outbox
        self._waiter = waiter
        self._committed = False
        self.gone = False
        self.thread = 0
        """The thread that runs the app, while it does."""
        self.waited = perf_counter()
        """When it was made; from when it has a thread on, the seconds until then."""
        self.status = 0
        self.headers: Headers | None = None
        self.body = b""
        self.stream: Stream | None = None
        self.sends_files = False
        self.started = False
        self.file: str | None = None
        self.close: Callable[[], None] | None = None
        self.complete = False
        self.failure: BaseException | None = None

    # On the loop -----------------------------------------------------------

    def wake(self) -> None:
        """There is news."""
        if not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self) -> None:
        """Wait for news since the last call."""
        await self._waiter
        if not self.complete:
            self._waiter = self._waiter.get_loop().create_future()

    def abandon(self) -> None:
        """Nobody waits for this response any more: the app is stopped at its next chunk."""
        # The flag first: a stream that the thread is making right now looks at it.
        self.gone = True
        if self.stream is not None:
            self.stream.abandon()

    # In the thread ---------------------------------------------------------

    def run(self) -> None:
        """Call the app, and let the loop know. Never raises.

        An app that nobody waits for any more is not called.
        """
        if self.gone:
            return
        self.thread = threading.get_ident()
        self.waited = perf_counter() - self.waited
        try:
            # A context of its own: no variable outlives its request.
            contextvars.Context().run(self._call)
        except BaseException as error:  # noqa: BLE001 - it would end the thread
            if (self.complete or self.gone) and not is_disconnect(error):
                self._complain("app failed after its response", error)
            if not self.complete:
                self.failure = error
        self.thread = 0
        if not self.complete:
            self.complete = True
            self._outbox.post(self)

    def close_file(self) -> None:
        """Close the file that the loop has sent. Never raises."""
        try:
            if self.close is not None:
                self.close()
        except BaseException as error:  # noqa: BLE001 - it would end the thread
            self._complain("app failed to close a file", error)

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Callable[[bytes], None]:
        """Take the start of the response, as PEP 3333 says."""
        if exc_info:
            try:
                if self._committed:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # it holds this frame: a cycle
        elif self.headers is not None:
            raise RuntimeError("start_response was called twice without exc_info")
        self.status, self.headers = parse_status(status), encode_headers(headers)
        return self.write

    def write(self, data: bytes) -> None:
        """Send a part of the body now: the `write` that `start_response` returns."""
        self._require(data)
        if data:
            self._push(data)

    def _call(self) -> None:
        iterable = self._app(self._environ, self.start_response)  # type: ignore[arg-type]
        self.close = getattr(iterable, "close", None)
        try:
            if type(iterable) is FileWrapper and self._on_disk(iterable):
                return
            if type(iterable) in (list, tuple) and self.stream is None:
                self._finish(b"".join(iterable))
            else:
                self._iterate(iterable)
        finally:
            if self.file is None and self.close is not None:
                self.close()

    def _iterate(self, iterable: Iterable[bytes]) -> None:
        """Send what the app yields; the moment it has yielded all it announced, that is all."""
        for chunk in iterable:
            self._require(chunk)
            if self.complete:
                if not chunk:
                    continue
                self._complain("app yielded more than its Content-Length")
                break
            if chunk and self.stream is None and self._is_whole(chunk):
                self._finish(chunk)
            else:
                self._push(chunk)
        if not self.complete:
            self._finish(b"")

    def _on_disk(self, wrapper: FileWrapper) -> bool:
        """Hand over the file's path if there is one; the loop closes the file then."""
        found = wrapper.on_disk() if self.sends_files and self.stream is None else None
        if found is None or content_length(self.headers or []) not in (None, found[1]):
            return False
        self._require(b"")
        self.file = found[0]
        self._finish(b"")
        return True

    def _finish(self, body: bytes) -> None:
        self._require(body)
        self._committed = True
        self.body = body
        self.complete = True
        self._outbox.post(self)

    def _is_whole(self, chunk: bytes) -> bool:
        return content_length(self.headers or []) == len(chunk)

    def _push(self, chunk: bytes) -> None:
        """Send a chunk. The first one, even empty, has the loop look for the client's end."""
        if chunk:
            self._committed = True
        news = bool(chunk) or self.stream is None
        if self.stream is None:
            self.stream = Stream(self._outbox.threads)
            if self.gone:
                self.stream.abandon()
        self.stream.push(chunk)
        if news:
            self._outbox.post(self)

    def _complain(self, message: str, error: BaseException | None = None) -> None:
        shown = None if error is None else excerpt(error)
        log.error(message, exc_info=shown, extra={"fields": {"app": self._outbox.app}})

    def _require(self, chunk: object) -> None:
        if self.headers is None:
            raise RuntimeError("the app yielded before it called start_response")
        if not isinstance(chunk, bytes):
            raise TypeError(f"the app yielded {type(chunk).__name__}, and not bytes")
