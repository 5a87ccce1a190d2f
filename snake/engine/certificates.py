"""Certificates: those of one generation, and what its workers are told of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from snake.config.admin import Admin
from snake.config.tls import TLSApp
from snake.core.modules import Context
from snake.dns.provider import Defaults
from snake.engine.automatic import Effective
from snake.engine.process import Asker
from snake.fork.channel import Found as FoundMessage
from snake.fork.channel import Keys, Message, Seek
from snake.pki.authorities import Authorities
from snake.storage.chosen import chosen
from snake.storage.storage import Storage, StorageError
from snake.tls.app import TLS, provision_tls
from snake.tls.challenge import Desk
from snake.tls.cleaning import clean
from snake.tls.keeper import Keeper
from snake.tls.ring import CERTIFICATE, REFUSED, Found, Visitor, decode, encode

if TYPE_CHECKING:
    from snake.engine.identity import OwnIdentity
    from snake.engine.remote import Remote

logger = logging.getLogger("snake.tls")

PATIENCE = 120.0
"""Seconds for which the orders of a generation that has been replaced are waited for."""


class Certificates:
    """The `tls` app of a document in the supervisor. Made by `provision`; ended by `aclose`."""

    def __init__(
        self,
        tls: TLS,
        desk: Desk,
        stack: AsyncExitStack,
        storage: Storage,
        authorities: Authorities,
    ) -> None:
        self._tls = tls
        self._desk = desk
        self._stack = stack
        self._storage = storage
        self.authorities = authorities
        """Those of our own."""
        self._identity: OwnIdentity | None = None
        self.remote: Remote | None = None
        """The admin API for other machines."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.keeper = tls.keeper
        self.loaded = tls.loaded
        """Those that somebody else keeps up."""
        self.has_loaded = tls.has_loaded
        """Whether a certificate is loaded that is for a name."""

    @classmethod
    async def provision(cls, ctx: Context, effective: Effective, desk: Desk) -> Self:
        """Provision what gets certificates, and take those that there are.

        Raises `ConfigError` and `StartError`.
        """
        async with AsyncExitStack() as stack:
            ctx = Context(ctx.registry, stack, {**ctx.services, Desk: desk})
            document = effective.document
            storage = await chosen(ctx.at("storage"), document.storage)
            ctx = ctx.offering(Storage, storage)  # type: ignore[type-abstract]
            authorities = await Authorities.provision(
                ctx.at("apps", "pki"), document.apps.pki if document.apps else None, storage
            )
            ctx = ctx.offering(Authorities, authorities)
            ctx = await _with_dns(ctx, effective.tls)
            tls = await provision_tls(
                ctx.at("apps", "tls"), effective.tls, effective.names, storage
            )
            await tls.keeper.load()
            administration = await _administration(ctx, document.admin, storage)
            self = cls(tls, desk, stack.pop_all(), storage, authorities)
            self._identity, self.remote = administration
            return self

    @property
    def _keepers(self) -> list[Keeper]:
        return [self.keeper, *([self._identity.keeper] if self._identity is not None else [])]

    @property
    def told(self) -> str:
        """All that there is, for a worker that has nothing yet."""
        return encode(self._tls.update)

    def begin(self, tell: Callable[[Message], None]) -> None:
        """From now on obtain and renew; `tell` tells all workers."""
        self._tls.keeper.begin(lambda update: tell(Keys(encode(update))))
        self._desk.look_elsewhere(self._tls.keeper.automation.elsewhere)
        if self._identity is not None:
            self._identity.begin()
        self._keep(self.authorities.run())
        if self._tls.clean_every:
            self._keep(self._clean())

    def hear(self, message: Seek, asker: Asker) -> None:
        """Answer a worker that seeks something."""
        self._keep(self._answer(message, asker))

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Seek, asker: Asker) -> None:
        try:
            found = await self._find(message)
        except Exception:
            logger.exception("a certificate cannot be looked for")
            found = Found(seconds=REFUSED)
        if not asker.is_gone:
            asker.send(FoundMessage(message.kind, message.name, encode(found), message.loop))

    async def _find(self, message: Seek) -> Found:
        if message.kind == CERTIFICATE:
            return await self._tls.seeker.seek(message.name, decode(message.visitor, Visitor))
        challenge = await self._desk.find(message.kind, message.name)
        return Found(challenge=challenge, seconds=0 if challenge else REFUSED)

    async def _clean(self) -> None:
        """Keep what is of no more use out of the storages."""
        every = self._tls.clean_every
        while True:
            for storage in self._tls.keeper.automation.storages:
                try:
                    await clean(storage, interval=every)
                except StorageError as error:
                    fields = {"error": str(error)}
                    logger.warning("cannot clean the storage", extra={"fields": fields})
            await asyncio.sleep(every)

    def rest(self) -> None:
        """Begin nothing more: another generation goes on. What runs may end."""
        for keeper in self._keepers:
            keeper.rest()

    async def finish(self) -> None:
        """Wait until the orders that are under way have come to something: they count."""
        await asyncio.gather(*(keeper.finish(PATIENCE) for keeper in self._keepers))

    async def aclose(self) -> None:
        """End all of it."""
        for task in list(self._tasks):
            task.cancel()
        for keeper in self._keepers:
            await keeper.end()
        await self._stack.aclose()


async def _administration(
    ctx: Context, admin: Admin | None, storage: Storage
) -> tuple[OwnIdentity | None, Remote | None]:
    """Provision what proves who this snake is, and the API for other machines."""
    if admin is None or (admin.identity is None and admin.remote is None):
        return None, None
    # Few are administered by other machines.
    from snake.engine.identity import OwnIdentity  # noqa: PLC0415
    from snake.engine.remote import Remote  # noqa: PLC0415

    identity = None
    if admin.identity is not None:
        identity = await OwnIdentity.provision(ctx, admin.identity, storage)
    if admin.remote is None:
        return identity, None
    return identity, await Remote.provision(ctx.at("admin", "remote"), admin.remote, identity)


async def _with_dns(ctx: Context, app: TLSApp) -> Context:
    """Return a context that offers what the document says for all its dealings with the DNS."""
    provider = None
    if app.dns is not None:
        place = ctx.at("apps", "tls", "dns")
        provider = await place.load(app.dns, namespace="dns.providers", key="name")
    return ctx.offering(Defaults, Defaults(provider, app.resolvers))
