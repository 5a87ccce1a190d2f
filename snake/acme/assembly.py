"""Assembly: an issuer is put together from what a configuration says."""

from __future__ import annotations

from snake.acme.account import Accounts, Bound, External
from snake.acme.authority import Authority
from snake.acme.chains import ChainPreference
from snake.acme.challenges import Challenges
from snake.acme.client import Client
from snake.acme.clients import Clients, wire
from snake.acme.dealings import Dealings
from snake.acme.distributed import Shared
from snake.acme.issuer import ACMEIssuer
from snake.acme.order import Wanted
from snake.acme.polling import TIMEOUT
from snake.acme.ports import Ports
from snake.acme.presented import Presented
from snake.acme.solver import Solver
from snake.acme.zerossl import DIRECTORY as ZEROSSL
from snake.acme.zerossl import external_account
from snake.core.modules import Context
from snake.core.record import Record
from snake.storage.chosen import chosen
from snake.storage.keys import issuer_of
from snake.storage.storage import Storage
from snake.tls.challenge import HTTP01, TLSALPN01, Desk

PRODUCTION = "https://acme-v02.api.letsencrypt.org/directory"
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"


class Settings(Record):
    """What is configured, with its placeholders filled; times are in seconds."""

    ca: str = ""
    test_ca: str = ""
    email: str = ""
    profile: str = ""
    account_key: str = ""
    external: External | None = None
    timeout: float = 0
    challenges: Challenges = Challenges()
    roots: tuple[str, ...] = ()
    chains: ChainPreference | None = None
    lifetime: float = 0
    proxy: str | None = None
    """A URL, empty for none; `None` is what the environment names."""


async def assembled(ctx: Context, settings: Settings) -> ACMEIssuer:
    """Return an issuer. Raises `ConfigError`."""
    main = settings.ca or PRODUCTION
    # The staging server of Let's Encrypt tests nothing of another authority.
    test = settings.test_ca or (STAGING if main == PRODUCTION else "")
    dealings = Dealings.here()
    builder = _Builder(ctx, settings, await chosen(ctx), dealings)
    return ACMEIssuer(
        await builder.authority(main),
        await builder.authority(test) if test and test != main else None,
        Wanted((), b"", settings.profile, settings.lifetime, None, settings.chains),
        dealings,
        tuple(builder.shared),
    )


class _Builder:
    """Builds the authorities of one issuer."""

    def __init__(
        self, ctx: Context, settings: Settings, storage: Storage, dealings: Dealings
    ) -> None:
        self._ctx = ctx
        self._settings = settings
        self._storage = storage
        self._dealings = dealings
        self.shared: list[Shared] = []

    async def authority(self, url: str) -> Authority:
        """Return one authority. Raises `ConfigError`."""
        settings = self._settings
        clients = self._ctx.shared(Clients)
        client = await clients.get(self._ctx, url, settings.roots, settings.proxy)
        accounts = Accounts(
            client,
            self._storage,
            email=settings.email,
            own_key=settings.account_key,
            bound=self._bound(client),
        )
        solvers = await self._solvers(client)
        return Authority(client, accounts, solvers, self._dealings, settings.timeout or TIMEOUT)

    def _bound(self, client: Client) -> Bound:
        settings, ctx = self._settings, self._ctx

        async def bound() -> External | None:
            if settings.external is None and client.url.startswith(ZEROSSL):
                api = wire(ctx, (), settings.proxy)
                try:
                    return await external_account(api, settings.email)
                finally:
                    api.close()
            return settings.external

        return bound

    async def _solvers(self, client: Client) -> dict[str, Solver]:
        """Return what answers each type of challenge; by DNS, if that is configured, alone."""
        challenges = self._settings.challenges
        if challenges.dns is not None:
            from snake.acme.dns01 import TYPE, provisioned  # noqa: PLC0415  (seldom needed)

            return {TYPE: await provisioned(self._ctx.at("challenges", "dns"), challenges.dns)}
        ports = self._ctx.service(Ports) or Ports()
        shared = None
        if challenges.distributed is not False:
            shared = Shared(self._storage, issuer_of(client.url))
            self.shared.append(shared)
        desk = self._ctx.service(Desk) or self._ctx.shared(Desk)
        found: dict[str, Solver] = {}
        for type, settings, port in (
            (HTTP01, challenges.http, ports.http),
            (TLSALPN01, challenges.tls_alpn, ports.https),
        ):
            if settings is not None and settings.disabled:
                continue
            other = settings.alternate_port if settings is not None else 0
            address = (challenges.bind_host, other or port)
            found[type] = Presented(type, desk, shared, self._dealings.listeners, address)
        return found
