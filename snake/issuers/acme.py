"""The ACME issuer: certificates from an authority that checks who has a name.

Syntax, as an issuer::

    acme [<directory_url>] {
        dir      <directory_url>
        test_dir <directory_url>
        email    <address>
        profile  <name>
        timeout  <duration>
        lifetime <duration>
        eab      <key_id> <mac_key>
        disable_http_challenge
        disable_tlsalpn_challenge
        distributed false
        alt_http_port    <port>
        alt_tlsalpn_port <port>
        trusted_roots <pem_files...>
        dns [<provider> ...]
        resolvers           <dns_servers...>
        propagation_delay   <duration>
        propagation_timeout <duration> | -1
        dns_ttl             <duration>
        dns_challenge_override_domain <domain>
        preferred_chains [smallest] {
            root_common_name <names...>
            any_common_name  <names...>
        }
    }

A name is proved by HTTP-01 or TLS-ALPN-01, in an order that is learned, or with `dns` by a record
and by nothing else; a wildcard needs that. `test_dir` is asked first after a failure, since real
authorities count failures; for Let's Encrypt it is their staging server. `timeout` (5m) is how
long one step of an order may take.

Source: https://caddyserver.com/docs/caddyfile/directives/tls#acme.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Self

import msgspec

from snake.acme.chains import ChainPreference, read_preference
from snake.acme.challenges import TIMES, Challenges, read_provider, read_time
from snake.caddyfile.fields import Fields
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words, subdirectives
from snake.config.struct import Config, Duration, Guest, seconds
from snake.core.folder import START
from snake.core.modules import Context, Module, name_of
from snake.core.namespace import In
from snake.core.numbers import integer
from snake.core.surroundings import PlaceholderError, fill
from snake.core.units import duration
from snake.tls.issuer import Issuer

Reader = Callable[[Words, Fields, Guests], None]


class ExternalAccount(Config, omit_defaults=False):
    """An account that the authority has given out before."""

    key_id: str = ""
    mac_key: str = ""


class ACME(Module):
    """The JSON of `tls.issuance.acme`."""

    id = "tls.issuance.acme"

    ca: str = ""
    test_ca: str = ""
    email: str = ""
    profile: str = ""
    account_key: str = ""
    external_account: ExternalAccount | None = None
    acme_timeout: Duration = 0
    challenges: Challenges | None = None
    trusted_roots_pem_files: tuple[str, ...] = ()
    preferred_chains: ChainPreference | None = None
    certificate_lifetime: Duration = 0
    network_proxy: Annotated[Guest, In("caddy.network_proxy", "from")] = None

    async def provision(self, ctx: Context) -> Issuer:
        """Return the issuer. Raises `ConfigError`."""
        # Only who issues needs what speaks ACME, which takes a while to load.
        from snake.acme.account import External  # noqa: PLC0415
        from snake.acme.assembly import Settings, assembled  # noqa: PLC0415

        account = self.external_account
        return await assembled(
            ctx,
            Settings(
                ca=_filled(ctx, "ca", self.ca),
                test_ca=_filled(ctx, "test_ca", self.test_ca),
                email=_filled(ctx, "email", self.email),
                profile=self.profile,
                account_key=_filled(ctx, "account_key", self.account_key),
                external=None
                if account is None
                else External(
                    _filled(ctx, "external_account/key_id", account.key_id),
                    _filled(ctx, "external_account/mac_key", account.mac_key),
                ),
                timeout=seconds(self.acme_timeout, ctx.at("acme_timeout").path) or 0,
                challenges=self.challenges or Challenges(),
                roots=tuple(map(START.path, self.trusted_roots_pem_files)),
                chains=self.preferred_chains,
                lifetime=seconds(self.certificate_lifetime, ctx.at("certificate_lifetime").path)
                or 0,
                proxy=_proxy(ctx.at("network_proxy"), self.network_proxy),
            ),
        )

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `acme [<directory>] { … }`."""
        if len(line.args) > 1:
            line.args[1].fail(f"acme takes the URL of a directory, got {len(line.args)} arguments")
        fields = Fields()
        if line.args:
            fields.set("ca", line.args[0].text)
        for sub in subdirectives(line, SUBDIRECTIVES):
            _read(sub, fields, guests)
        return msgspec.convert(fields.values, cls)


def _filled(ctx: Context, field: str, text: str) -> str:
    try:
        return fill(text)
    except PlaceholderError as error:
        raise ctx.at(field).fail(str(error)) from None


def _proxy(ctx: Context, guest: Guest) -> str | None:
    """Return the URL of a proxy, empty for none; `None` leaves it to the environment."""
    if guest is None:
        return None
    module = ctx.registry.decode(guest, "caddy.network_proxy", "from", None, ctx.path)
    if name_of(type(module)) == "none":
        return ""
    url = str(getattr(module, "url", ""))
    if not url.startswith(("http://", "https://")):
        raise ctx.fail(f"the URL of a proxy begins with http:// or https://, got {url!r}")
    return url


def _read(sub: Words, fields: Fields, guests: Guests) -> None:
    name = sub.name
    if name in TEXTS:
        if name == "dir" and (given := fields.get("ca")):
            sub.token.fail(f"acme: directory is already specified: {given}")
        fields.set(TEXTS[name], sub.only().text)
    elif name in TIMES:
        fields.set(f"challenges/dns/{TIMES[name]}", read_time(sub, sub.take("a duration")))
    else:
        READERS[name](sub, fields, guests)


def _port(path: str) -> Reader:
    def read(sub: Words, fields: Fields, guests: Guests) -> None:
        del guests
        fields.set(path, read_port(sub))

    return read


def read_port(sub: Words) -> int:
    """Read a port, which is any whole number."""
    return sub.read(sub.take("a port"), integer)


def _disabled(path: str) -> Reader:
    def read(sub: Words, fields: Fields, guests: Guests) -> None:
        del guests
        sub.none()
        fields.set(path, True)  # noqa: FBT003

    return read


def _distributed(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    token = sub.take("'false'")
    if token.text != "false":
        token.fail("distributed: the only accepted value is 'false'")
    fields.set("challenges/distributed", False)  # noqa: FBT003


def _lifetime(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    token = sub.only("a duration")
    lifetime = sub.read(token, duration)
    if lifetime < 0:
        token.fail(f"lifetime must be >= 0: {token}")
    fields.set("certificate_lifetime", lifetime)


def _timeout(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    fields.set("acme_timeout", sub.read(sub.only("a duration"), duration))


def _eab(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    key_id, mac_key = sub.exactly(2, "a key ID and a MAC key")
    fields.set("external_account", {"key_id": key_id.text, "mac_key": mac_key.text})


def _trusted_roots(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    fields.set("trusted_roots_pem_files", [word.text for word in sub.all()])


def _dns(sub: Words, fields: Fields, guests: Guests) -> None:
    fields.make("challenges/dns")
    if sub.has_arguments:
        fields.set("challenges/dns/provider", read_provider(sub, guests))


def _resolvers(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    fields.set("challenges/dns/resolvers", [word.text for word in sub.some("addresses")])


def _override_domain(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    fields.set("challenges/dns/override_domain", sub.only("a domain").text)


def _preferred_chains(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    fields.set("preferred_chains", read_preference(sub.rest()))


READERS: dict[str, Reader] = {
    "timeout": _timeout,
    "disable_http_challenge": _disabled("challenges/http/disabled"),
    "disable_tlsalpn_challenge": _disabled("challenges/tls-alpn/disabled"),
    "distributed": _distributed,
    "alt_http_port": _port("challenges/http/alternate_port"),
    "alt_tlsalpn_port": _port("challenges/tls-alpn/alternate_port"),
    "eab": _eab,
    "trusted_roots": _trusted_roots,
    "dns": _dns,
    "resolvers": _resolvers,
    "dns_challenge_override_domain": _override_domain,
    "preferred_chains": _preferred_chains,
    "lifetime": _lifetime,
}

TEXTS = {"dir": "ca", "test_dir": "test_ca", "email": "email", "profile": "profile"}
"""Subdirectives that take one word, and the field of each."""

SUBDIRECTIVES = (*TEXTS, *TIMES, *READERS)
