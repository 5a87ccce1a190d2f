"""TLS: the `tls` app, as the supervisor runs it: its certificates, and who keeps them up.

Source: https://caddyserver.com/docs/json/apps/tls/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from snake.config.struct import seconds
from snake.config.tls import TLSApp
from snake.core.modules import Context
from snake.core.surroundings import PlaceholderError, fill
from snake.storage.keys import ascii_name
from snake.storage.storage import Storage
from snake.tls import lifecycle
from snake.tls.certificate import Certificate, host_of
from snake.tls.keeper import Keeper
from snake.tls.policy import Automation, provision_automation
from snake.tls.ring import Ring, Update
from snake.tls.seeker import Seeker
from snake.tls.stek import check_tickets
from snake.tls.subjects import patterns, qualifies

_AUTOMATE = "automate"
_CAPACITY = 10_000
"""Certificates in memory, as in Caddy; a managed one is never put out."""


class TLS:
    """The certificates of one document."""

    def __init__(self, loaded: tuple[Certificate, ...], keeper: Keeper, clean_every: float) -> None:
        self.loaded = loaded
        """Those that somebody else keeps up: files, folders, PEM."""
        self._by_name = Ring()
        self._by_name.update(Update(loaded))
        self.keeper = keeper
        self.seeker = Seeker(keeper)
        self.clean_every = clean_every
        """Seconds between two cleanings of the storage; 0 is never."""

    def has_loaded(self, name: str) -> bool:
        """Whether one of those is for a name, which needs no other then."""
        return bool(self._by_name.matching(name))

    @property
    def update(self) -> Update:
        """All that there is, for a worker that has nothing yet."""
        managed = self.keeper.update
        return replace(managed, certificates=(*self.loaded, *managed.certificates))


async def provision_tls(
    ctx: Context, app: TLSApp, names: Mapping[str, bool], storage: Storage
) -> TLS:
    """Provision the `tls` app; `ctx` is at `apps/tls`. Raises `ConfigError`.

    `names` are those of the sites that need a certificate, and for each whether one is to be
    managed though one that is loaded matches.
    """
    _refuse(ctx, app)
    loaded, automated = await load_certificates(ctx.at("certificates"), app)
    ring = Ring()
    ring.update(Update(loaded))
    sites = [name for name, anyhow in names.items() if anyhow or not ring.matching(name)]
    managed = _managed(sites, automated)
    automation = await provision_automation(ctx, app, storage, managed)
    told = app.automation
    interval = seconds(told.renew_interval if told else 0, ctx.at("automation").path)
    cleaning = seconds(told.storage_clean_interval if told else 0, ctx.at("automation").path)
    keeper = Keeper(
        automation,
        [name for name in managed if not _at_handshake(automation, name)],
        interval=interval or lifecycle.RENEW_INTERVAL,
        capacity=(app.cache.capacity if app.cache else 0) or _CAPACITY,
    )
    clean_every = 0.0 if app.disable_storage_clean else cleaning or lifecycle.DAY
    return TLS(loaded, keeper, clean_every)


def _refuse(ctx: Context, app: TLSApp) -> None:
    """Name what cannot be done, rather than not do it. Raises `ConfigError`."""
    if app.encrypted_client_hello is not None and app.encrypted_client_hello.configs:
        raise ctx.at("encrypted_client_hello").fail(
            "Encrypted ClientHello is not available in snake: Python's TLS library cannot do it"
        )
    if app.session_tickets is not None:
        check_tickets(ctx.at("session_tickets"), app.session_tickets)


async def load_certificates(
    ctx: Context, app: TLSApp
) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
    """Return the certificates that are loaded, and the names to keep certificates up for.

    `ctx` is at `apps/tls/certificates`. Raises `ConfigError`.
    """
    loaded: list[Certificate] = []
    automated: list[str] = []
    for name, raw in app.certificates.items():
        if name == _AUTOMATE:
            place = ctx.at(name)
            automated += [_name(place.at(at), text) for at, text in enumerate(_names(place, raw))]
        else:
            loaded += await ctx.at(name).load_named(raw, f"tls.certificates.{name}")
    return tuple(loaded), tuple(automated)


def _names(ctx: Context, raw: msgspec.Raw) -> tuple[str, ...]:
    try:
        return msgspec.json.decode(raw, type=tuple[str, ...])
    except msgspec.DecodeError as error:
        raise ctx.fail(str(error)) from None


def _name(ctx: Context, text: str) -> str:
    try:
        name = ascii_name(host_of(fill(text)))
    except PlaceholderError as error:
        raise ctx.fail(str(error)) from None
    if not qualifies(name):
        raise ctx.fail(f"there can be no certificate for {name!r}")
    return name


def _managed(sites: Iterable[str], automated: Iterable[str]) -> list[str]:
    """Return the names to keep certificates up for, each once.

    A site that a wildcard covers which is kept up as well needs none of its own, unless one was
    asked for by name.
    """
    own = dict.fromkeys(automated)
    every = {**dict.fromkeys(ascii_name(host_of(site)) for site in sites), **own}
    return [
        name
        for name in every
        if name in own or not any(each in every for each in patterns(name) if each != name)
    ]


def _at_handshake(automation: Automation, name: str) -> bool:
    """Whether the certificate of a name is had when a client asks for it, and not before."""
    return automation.policy_for(name).at_handshake
