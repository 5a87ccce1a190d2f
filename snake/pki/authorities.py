"""Authorities: the certificate authorities of our own, which is the app `pki`.

Source: https://caddyserver.com/docs/json/apps/pki/.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from snake.config.pki import CA, PKIApp
from snake.core.errors import ConfigError, SnakeError
from snake.core.modules import Context
from snake.core.suggest import suggestion
from snake.pki.authority import Authority
from snake.pki.terms import DEFAULT_ID, Terms
from snake.pki.trust.background import is_off, trust
from snake.storage.storage import Storage

log = logging.getLogger("snake.pki")

_SOONEST = 1.0
"""Seconds between two looks, at the least."""


class Authorities:
    """All authorities of a document. The default one is made when somebody asks for it."""

    def __init__(self, ctx: Context, storage: Storage, now: Callable[[], float]) -> None:
        self._ctx = ctx
        self._storage = storage
        self._now = now
        self._all: dict[str, Authority] = {}
        self._making = asyncio.Lock()
        self._another = asyncio.Event()

    @classmethod
    async def provision(
        cls,
        ctx: Context,
        app: PKIApp | None,
        storage: Storage,
        *,
        now: Callable[[], float] = time.time,
    ) -> Authorities:
        """Return the authorities of `apps/pki`, which is where `ctx` stands.

        Where the app is configured at all, there is at least the default one. `storage` is that
        of the document. Raises `ConfigError` and `StartError`.
        """
        self = cls(ctx, storage, now)
        if app is not None:
            for id, ca in (app.certificate_authorities or {DEFAULT_ID: CA()}).items():
                await self._make(id, ca)
        return self

    def __iter__(self) -> Iterator[Authority]:
        return iter(tuple(self._all.values()))

    async def get(self, id: str = DEFAULT_ID) -> Authority:
        """Return an authority. Raises `ConfigError` when there is none of that ID.

        Raises `StartError` when the default one has to be made, and cannot be.
        """
        if id in self._all:
            return self._all[id]
        if id != DEFAULT_ID:
            hint = suggestion(id, self._all)
            raise ConfigError(f"no certificate authority is configured with the ID {id!r}{hint}")
        async with self._making:
            if id not in self._all:
                await self._make(id, CA())
            return self._all[id]

    async def maintain(self, now: float) -> None:
        """Renew what is due at `now`, of all authorities. What fails is logged."""
        for authority in self:
            await self._maintain(authority, now)

    async def run(self) -> None:
        """Have all trusted and keep them renewed, until this is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.renew())
            group.create_task(self.trust())

    async def trust(self) -> None:
        """Have this machine trust each root, unless its configuration says otherwise.

        It takes seconds, and stops nobody: what cannot be done is logged.
        """
        for authority in self:
            if authority.terms.install_trust and not is_off():
                try:
                    await trust(authority.id, authority.root, authority.root_place)
                except Exception:
                    log.exception("root certificate cannot be installed")
            else:
                fields = {"ca": authority.id, "path": authority.root_place}
                log.info(
                    "root certificate trust store installation disabled; "
                    "unconfigured clients may show warnings",
                    extra={"fields": fields},
                )

    async def renew(self) -> None:
        """Keep all renewed until this is cancelled: each by its own `maintenance_interval`."""
        looks: dict[str, float] = {}
        while True:
            now = self._now()
            for authority in self:
                if looks.get(authority.id, now) <= now:
                    await self._maintain(authority, now)
                    looks[authority.id] = max(authority.due(now), now + _SOONEST)
            self._another.clear()
            wait = min(looks.values()) - self._now() if looks else None
            # A clock that is set back does not make this wait for longer than an interval.
            longest = max((each.terms.interval for each in self), default=None)
            if wait is not None and longest is not None:
                wait = min(max(wait, _SOONEST), max(longest, _SOONEST))
            # Not `wait_for`: in Python 3.11 it may lose the word to end.
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._another.wait()

    async def _maintain(self, authority: Authority, now: float) -> None:
        try:
            await authority.maintain(now)
        except SnakeError as error:
            fields = {"ca": authority.id, "error": str(error)}
            log.log(logging.ERROR, "renewing intermediate certificates", extra={"fields": fields})

    async def _make(self, id: str, ca: CA) -> None:
        ctx = self._ctx.at("certificate_authorities", id)
        storage = self._storage
        if ca.storage is not None:
            storage = await ctx.at("storage").load(
                ca.storage, namespace="caddy.storage", key="module"
            )
        terms = Terms.read(ctx, id, ca)
        self._all[id] = await Authority.provision(ctx, terms, storage, self._now)
        self._another.set()
