"""Checker: whether a name and a password are those of an account.

How long an answer takes tells nothing about which names there are: for a name without
an account, a password is compared with a hash of the same kind and cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from functools import partial
from hashlib import blake2b
from secrets import token_bytes

from snake.auth.contract import Challenge, PasswordHash, User, Verdict
from snake.auth.credentials import Credentials, credentials
from snake.auth.queue import Queue
from snake.auth.remembered import Remembered
from snake.http.request import Request


class Checker:
    """Checks credentials with the hashes of the accounts."""

    def __init__(
        self,
        kind: PasswordHash,
        accounts: Mapping[str, bytes],
        queue: Queue,
        remembered: Remembered | None,
    ) -> None:
        self._kind = kind
        self._accounts = accounts
        self._queue = queue
        self._remembered = remembered
        self._running: dict[bytes, asyncio.Task[bool]] = {}
        self._fakes = [kind.fake(hashed) for hashed in accounts.values()]
        self._key = token_bytes(32)

    def check(self, client: str, given: Credentials) -> bool | Awaitable[bool]:
        """Tell whether credentials are right: at once if it is remembered."""
        memory = self._remembered
        if memory is None:
            return self._hash(client, given)
        digest = memory.digest(given.whole)
        verdict = memory.verdict(given.name, digest)
        return self._once(client, given, digest, memory) if verdict is None else verdict

    async def _once(
        self, client: str, given: Credentials, digest: bytes, memory: Remembered
    ) -> bool:
        """Hash, and remember; whoever asks the same meanwhile waits for the same answer."""
        task = self._running.get(digest)
        if task is None:
            task = self._running[digest] = asyncio.create_task(self._hash(client, given))
            task.add_done_callback(lambda _: self._running.pop(digest))
        right = await asyncio.shield(task)
        if memory.verdict(given.name, digest) is None:
            memory.keep(given.name, digest, right=right)
        return right

    async def _hash(self, client: str, given: Credentials) -> bool:
        hashed = self._accounts.get(given.name)
        compared = self._fake(given.name) if hashed is None else hashed
        matches = await self._queue.run(
            client, partial(self._kind.matches, compared, given.password)
        )
        return matches and hashed is not None

    def _fake(self, name: str) -> bytes:
        """Return the hash for a name without an account: always the same one."""
        chosen = blake2b(
            name.encode("utf-8", "surrogateescape"), digest_size=8, key=self._key
        ).digest()
        return self._fakes[int.from_bytes(chosen, "big") % len(self._fakes)]


class Basic:
    """Recognizes users by name and password."""

    def __init__(self, checker: Checker, challenge: Challenge) -> None:
        self._check = checker.check
        self._challenge = challenge

    def __call__(self, request: Request) -> Verdict | Awaitable[Verdict]:
        """Recognize the user of a request; it is an `Authenticate`."""
        given = credentials(request)
        if given is None:
            return self._challenge
        right = self._check(request.client_ip, given)
        if isinstance(right, bool):
            return User(given.name) if right else self._challenge
        return self._verdict(given.name, right)

    async def _verdict(self, name: str, right: Awaitable[bool]) -> Verdict:
        return User(name) if await right else self._challenge
