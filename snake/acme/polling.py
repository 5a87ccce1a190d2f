"""Polling: asking until something has happened, as often as the authority likes it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from snake.acme.client import Client
from snake.acme.problem import retry_time
from snake.acme.resources import NonsenseError, read
from snake.acme.wire import Answer

T = TypeVar("T", bound=msgspec.Struct)

TIMEOUT = 300.0
"""Seconds (acmez: the same)."""
_SHORTEST = 0.25
_LONGEST = 5.0
"""Seconds between two questions when the authority does not say."""
_GROWS = 1.5
_JITTER = 0.2


class Polling:
    """Asks one authority."""

    def __init__(self, client: Client, timeout: float = TIMEOUT) -> None:
        self._client = client
        self._timeout = timeout

    async def until(
        self,
        ask: Callable[[], Awaitable[Answer]],
        kind: type[T],
        done: Callable[[T], bool],
        what: str,
    ) -> T:
        """Return the resource when it is done. Raises `NonsenseError` when that takes too long.

        The time between two questions is the header `Retry-After`, or grows.
        """
        client = self._client
        end = client.now() + self._timeout
        pause = _SHORTEST
        while True:
            answer = await ask()
            found = read(answer, kind)
            if done(found):
                return found
            now = client.now()
            when = retry_time(answer.header("retry-after"), now)
            wait = max(when - now, _SHORTEST) if when is not None else pause
            wait *= 1 + _JITTER * random.random()  # noqa: S311  (no secret)
            if now + wait > end:
                raise NonsenseError(f"{what}: nothing has come of it in {self._timeout:g} s")
            await client.sleep(wait)
            pause = min(pause * _GROWS, _LONGEST)
