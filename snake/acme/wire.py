"""Wire: HTTP to an authority, which ends in time and in bounds whatever the other side does.

urllib3 blocks, so it runs in threads, and a thread that reads cannot be stopped. What can be is its
connection: of each there is a twin, the same socket once more, and to shut that down ends the
reading. So a request that is cancelled, or that comes in drop by drop, keeps no thread.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ProtocolError, ProxyError, SSLError

from snake import __version__
from snake.core.errors import SnakeError
from snake.core.record import Record

TIMEOUT = 30.0
"""Seconds for a request with its whole answer (certmagic: the same)."""
_CONNECT = 10.0
"""Seconds for a connection to one address."""
_AT_ONCE = 8
"""Requests to one authority at once, each in a thread."""
MOST = 1 << 20
"""Bytes of an answer. A chain of certificates has a few thousand."""
_SHOWN = 120
"""Characters of an answer that are shown to a person."""

Proxy = Callable[[str], str | None]
"""Returns the URL of the proxy for a URL, or `None`."""


class WireError(SnakeError):
    """A request that had no answer that can be used, and why; `late` if it took too long."""

    def __init__(self, message: str, *, late: bool = False) -> None:
        super().__init__(message)
        self.late = late


class Answer(Record):
    """What an authority answers."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    """Their names are in lower case."""
    body: bytes

    def header(self, name: str) -> str:
        """Return the first header of a name in lower case; empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def media_type(self) -> str:
        """Its content type without parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def shown(self) -> str:
        """Return how its body begins, for a message."""
        text = " ".join(self.body[: 4 * _SHOWN].decode("utf-8", "replace").split())
        text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
        short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        return f"{self.media_type or 'no content type'}: {short!r}" if short else "nothing"


class Wire:
    """Sends requests to one authority, and reads what it answers."""

    def __init__(
        self, context: ssl.SSLContext, proxy: Proxy | None = None, timeout: float = TIMEOUT
    ) -> None:
        self._context = context
        self._proxy = proxy
        self._timeout = timeout
        self._pools: dict[str | None, urllib3.PoolManager] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._threads = ThreadPoolExecutor(_AT_ONCE, "acme")

    def close(self) -> None:
        """Close what is open. What is under way fails."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools.values():
            pool.clear()

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Return what is answered to a request. Raises `WireError`.

        Redirects are refused: what an authority signs for is a URL that it gave itself.
        """
        async with self._turns:
            call = _Call()
            work = asyncio.get_running_loop().run_in_executor(
                self._threads, self._exchange, call, method, url, headers, body
            )
            try:
                async with asyncio.timeout(self._timeout):
                    answer = await work
            except TimeoutError:
                text = f"{url}: no whole answer in {self._timeout:g} s"
                raise WireError(text, late=True) from None
            finally:
                call.give_up()
        if 300 <= answer.status < 400:  # noqa: PLR2004
            to = answer.header("location") or "nowhere"
            raise WireError(f"{url}: it redirects to {to[:200]!r}, which is not followed")
        return answer

    def _exchange(
        self, call: _Call, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """Run in a thread."""
        _thread.call = call
        try:
            return self._answer(method, url, headers, body)
        except (HTTPError, OSError, ValueError, AttributeError) as error:
            # `AttributeError` is what http.client raises when its socket goes while it connects.
            raise WireError(f"{url}: {_reason(error)}") from None
        finally:
            call.is_over()

    def _answer(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        response = self._pool(url).request(
            method,
            url,
            body=body,
            headers={
                "User-Agent": f"snake/{__version__}",
                "Accept-Encoding": "identity",
                **headers,
            },
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=_CONNECT, read=self._timeout),
        )
        with response:
            read = response.read(MOST + 1, decode_content=False)
            if len(read) > MOST:
                response.close()
                raise ValueError(f"the answer is longer than {MOST} bytes")
        return Answer(
            url,
            response.status,
            tuple((name.lower(), value) for name, value in response.headers.items()),
            read,
        )

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy = self._proxy(url) if self._proxy is not None else None
        pool = self._pools.get(proxy)
        if pool is None:
            shape: dict[str, Any] = {"ssl_context": self._context, "maxsize": _AT_ONCE}
            pool = (
                urllib3.PoolManager(**shape)
                if proxy is None
                else urllib3.ProxyManager(proxy, **shape)
            )
            pool.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
            self._pools[proxy] = pool
        return pool


class _Call:
    """A request under way in a thread, which another thread may give up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = False
        self._twin: socket.socket | None = None

    def uses(self, twin: socket.socket) -> None:
        """Take the connection that it uses. Raises `OSError` if it was given up before."""
        with self._lock:
            if self._over:
                raise ConnectionAbortedError("the request was given up")
            self._twin = twin

    def is_over(self) -> None:
        with self._lock:
            self._over, self._twin = True, None

    def give_up(self) -> None:
        """Shut its connection down, unless it is over."""
        with self._lock:
            twin, self._twin, self._over = self._twin, None, True
        if twin is not None:
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)


class _Thread(threading.local):
    call = _Call()


_thread = _Thread()


class _Watched(HTTPConnection):
    """A connection that tells the call of its thread that it is used."""

    _twin: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        self._twin = sock.dup()
        try:
            _thread.call.uses(self._twin)
        except OSError:
            sock.close()
            raise
        return sock

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        if self._twin is not None:
            _thread.call.uses(self._twin)
        super().request(*args, **options)

    def close(self) -> None:
        if self._twin is not None:
            self._twin.close()
            self._twin = None
        super().close()


class _WatchedTLS(_Watched, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTLS


def _reason(error: BaseException) -> str:
    """Return why a request failed, in the words of the innermost error."""
    if isinstance(error, ProxyError):
        return f"the proxy: {_reason(error.original_error)}"
    if isinstance(error, SSLError) and error.args and isinstance(error.args[0], BaseException):
        error = error.args[0]
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ProtocolError) and isinstance(error.args[-1], BaseException):
        error = error.args[-1]
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror
    return text or type(error).__name__
