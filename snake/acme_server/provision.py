"""Provisioning: the ACME server of a configuration, and what it answers to a request by HTTP."""

from __future__ import annotations

import logging
import time
from contextlib import suppress

from snake.acme_server.ledger import Ledger
from snake.acme_server.links import Links
from snake.acme_server.orders import Orders, Terms
from snake.acme_server.proving import TYPES, Prover
from snake.acme_server.rules import Names, RuleError, Rules, read_domain, read_network
from snake.acme_server.server import Call, Reply, Server
from snake.config.pki import CA, PKIApp
from snake.config.struct import Duration, seconds
from snake.config.tls import TLSApp
from snake.core.modules import Context
from snake.core.record import Record
from snake.core.suggest import suggestion
from snake.core.units import SECOND, Span
from snake.dns.resolver import Place, Resolver, ResolverError, read_place
from snake.pki.authority import Authority
from snake.pki.terms import DEFAULT_ID
from snake.pki.terms import Terms as CATerms
from snake.storage.chosen import chosen
from snake.storage.storage import StorageError

log = logging.getLogger("snake.http.handlers.acme_server")

_LIFETIME = 12 * 3600.0

Texts = tuple[str, ...]


class Settings(Record):
    """What a configuration says of an ACME server."""

    authority: str
    lifetime: Duration
    host: str
    prefix: str
    """The path under which it is; with slashes around it."""
    sign_with_root: bool
    resolvers: Texts
    challenges: Texts
    allow: tuple[Texts, Texts]
    """Domains, and ranges of IP addresses."""
    deny: tuple[Texts, Texts]
    wildcards: bool


class Site:
    """An ACME server, by HTTP."""

    def __init__(self, server: Server, settings: Settings) -> None:
        self._server = server
        self._settings = settings

    async def answer(
        self, method: str, host: str, path: str, media_type: str, body: bytes
    ) -> Reply:
        """Answer a request for a path that begins with the prefix. `host` is that of the client."""
        prefix = self._settings.prefix
        origin = f"https://{host or self._settings.host}"
        below = tuple(path.removeprefix(prefix).lstrip("/").split("/"))
        base = "/".join(filter(None, (prefix.strip("/"), self._settings.authority)))
        return await self._server.answer(
            Call(
                method=method,
                path=below,
                url=f"{origin}{path}",
                links=Links(f"{origin}/{base}"),
                media_type=media_type,
                body=body,
            )
        )


async def provision(ctx: Context, settings: Settings) -> Site:
    """Return the ACME server. Raises `ConfigError` and `StartError`."""
    lifetime = seconds(settings.lifetime, ctx.at("lifetime").path) or _LIFETIME
    for index, each in enumerate(settings.challenges):
        if each not in TYPES:
            hint = suggestion(each, TYPES)
            message = f"ACME challenge {each!r} is not supported{hint}"
            raise ctx.at("challenges", index).fail(message)
    rules = Rules(
        _names(ctx.at("policy", "allow"), settings.allow),
        _names(ctx.at("policy", "deny"), settings.deny),
        settings.wildcards,
    )
    prover = Prover(Resolver(_places(ctx, settings.resolvers)))
    authority = await _authority(ctx, settings.authority)
    if authority.terms.intermediate is None and lifetime >= authority.terms.intermediate_lifetime:
        spans = (Span(lifetime * SECOND), Span(authority.terms.intermediate_lifetime * SECOND))
        raise ctx.at("lifetime").fail(
            f"the lifetime of certificates, {spans[0]}, should be less than that of the "
            f"intermediate certificate, {spans[1]}"
        )
    if rules.is_open:
        fields = {"ca": settings.authority, "allow_wildcard_names": str(settings.wildcards)}
        log.warning(
            "acme_server has neither allow nor deny rules: anybody who reaches it may have "
            "certificates for any name that is proved",
            extra={"fields": fields},
        )
    ledger = Ledger(await chosen(ctx), settings.authority)
    with suppress(StorageError):
        await ledger.clean()
    terms = Terms(lifetime, settings.challenges, settings.sign_with_root, rules)
    orders = Orders(authority, ledger, prover, terms, time.time)
    return Site(Server(settings.authority, ledger, orders), settings)


async def _authority(ctx: Context, id: str) -> Authority:
    app = ctx.service(PKIApp)
    authorities = {} if app is None else app.certificate_authorities
    if id not in authorities and id != DEFAULT_ID:
        hint = suggestion(id, authorities)
        raise ctx.at("ca").fail(f"no certificate authority is configured with the ID {id!r}{hint}")
    config = authorities.get(id, CA())
    storage = await chosen(ctx, config.storage)
    return await Authority.provision(ctx, CATerms.read(ctx, id, config), storage)


def _names(ctx: Context, given: tuple[Texts, Texts]) -> Names:
    domains, ranges = given
    found, networks = [], []
    for index, text in enumerate(domains):
        try:
            found.append(read_domain(text))
        except RuleError as error:
            raise ctx.at("domains", index).fail(str(error)) from None
    for index, text in enumerate(ranges):
        try:
            networks.append(read_network(text))
        except RuleError as error:
            raise ctx.at("ip_ranges", index).fail(str(error)) from None
    return Names(tuple(found), tuple(networks))


def _places(ctx: Context, resolvers: Texts) -> tuple[Place, ...]:
    """Return the DNS servers: its own, or those of all of TLS; none for those of the system."""
    app = ctx.service(TLSApp)
    given = resolvers or (app.resolvers if app is not None else ())
    try:
        return tuple(read_place(_bare(text)) for text in given)
    except ResolverError as error:
        raise ctx.at("resolvers").fail(str(error)) from None


def _bare(text: str) -> str:
    return text.removeprefix("udp/").removeprefix("tcp/")
