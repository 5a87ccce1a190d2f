"""Client: signed requests to one authority (RFC 8555 §6)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from snake.acme.key import Key, is_nonce
from snake.acme.problem import BAD_NONCE, ProblemError, read_problem, retry_time
from snake.acme.resources import Directory, NonsenseError, read
from snake.acme.wire import Answer, Wire, WireError

_DIRECTORY_LIVES = 12 * 3600.0
"""Seconds for which a directory is believed (acmez: the same)."""
_MOST_NONCES = 64
_REJECTED = 20
"""How often a nonce may be rejected in a row; one with many servers does it now and then."""
_BROKEN = 3
"""How often a request is sent whose answer does not come, or is an error of the server."""
_PAUSE = 0.25
"""Seconds between two of these."""
_ERROR = 400
_SERVER_ERROR = 500
_MOST_OF_A_URL = 2048

JSON = "application/json"


class Client:
    """Speaks with one authority. Nonces and directory are shared by all who use it."""

    def __init__(
        self,
        url: str,
        wire: Wire,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.url = url
        """That of its directory."""
        self.now = now
        self.sleep = sleep
        self._wire = wire
        self._nonces: list[str] = []
        self._directory: Directory | None = None
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    def close(self) -> None:
        """Close its connections."""
        self._wire.close()

    async def directory(self) -> Directory:
        """Return where everything is. Raises `WireError`, `ProblemError`, `NonsenseError`."""
        async with self._reading:
            if self._directory is None or self.now() - self._read_at > _DIRECTORY_LIVES:
                directory = read(await self.get(self.url), Directory)
                for field in ("new_nonce", "new_account", "new_order"):
                    self._check(getattr(directory, field), self.url)
                self._directory, self._read_at = directory, self.now()
            return self._directory

    async def get(self, url: str) -> Answer:
        """Return what is at a URL that needs no signature. Raises as `directory` does."""
        return self._good(await self._tried(lambda: self._sent("GET", url, {"Accept": JSON})))

    async def post(
        self, url: str, payload: Mapping[str, Any] | None, key: Key, account: str = "", **how: str
    ) -> Answer:
        """Send a payload signed by a key, in the name of an account or with the key in it.

        Without a payload it asks for what is there (RFC 8555 §6.3). `accept` is the media type
        that is wanted. Raises as `directory` does.
        """
        directory = await self.directory()
        body = b"" if payload is None else json.dumps(payload).encode()
        headers = {
            "Content-Type": "application/jose+json",
            "Accept": how.get("accept", JSON),
        }
        rejected = 0
        while True:

            async def send() -> Answer:
                # Each time with another nonce: the one before may be used.
                nonce = await self._nonce(directory)
                return await self._sent("POST", url, headers, key.sign(body, nonce, url, account))

            answer = await self._tried(send)
            if answer.status < _ERROR:
                return answer
            error = self._error(answer)
            if error.kind != BAD_NONCE or rejected >= _REJECTED:
                raise error
            rejected += 1

    async def _nonce(self, directory: Directory) -> str:
        if not self._nonces:
            answer = await self._tried(lambda: self._sent("HEAD", directory.new_nonce, {}))
            self._good(answer)
            if not self._nonces:
                raise NonsenseError(f"{answer.url}: it gives no nonce that can be sent back")
        return self._nonces.pop()

    async def _tried(self, send: Callable[[], Awaitable[Answer]]) -> Answer:
        """Send a request; again, if its answer does not come or is an error of the server."""
        for left in reversed(range(_BROKEN)):
            try:
                answer = await send()
            except WireError as error:
                if error.late or not left:
                    raise
            else:
                broken = answer.status >= _SERVER_ERROR and not answer.header("retry-after")
                if not broken or not left:
                    return answer
            await self.sleep(_PAUSE * (_BROKEN - left))
        raise AssertionError

    async def _sent(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Send a request, and keep the nonce that comes with the answer."""
        self._check(url, self.url)
        answer = await self._wire.request(method, url, headers, body)
        nonce = answer.header("replay-nonce")
        if len(self._nonces) < _MOST_NONCES and is_nonce(nonce):
            self._nonces.append(nonce)
        return answer

    def _check(self, url: str, where: str) -> None:
        """Raise `NonsenseError` for a URL that an authority of this kind does not have."""
        schemes = ("https://",) if self.url.startswith("https://") else ("https://", "http://")
        if (
            len(url) > _MOST_OF_A_URL
            or not url.lower().startswith(schemes)
            or not url.isprintable()
        ):
            raise NonsenseError(f"{where}: it names the URL {url[:100]!r}, which is none to ask")

    def _good(self, answer: Answer) -> Answer:
        if answer.status >= _ERROR:
            raise self._error(answer)
        return answer

    def _error(self, answer: Answer) -> ProblemError:
        problem = read_problem(answer.body, answer.status)
        if not problem.type and not problem.detail:
            problem = msgspec.structs.replace(
                problem, detail=f"HTTP status {answer.status}, with {answer.shown()}"
            )
        when = retry_time(answer.header("retry-after"), self.now())
        return ProblemError(problem, answer.url, when)
