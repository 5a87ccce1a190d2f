"""The ZeroSSL issuer: certificates by the API of ZeroSSL, which is not its ACME endpoint.

Syntax, as an issuer::

    zerossl <api_key> {
        alt_http_port <port>
        dns <provider> ...
        resolvers           <dns_servers...>
        propagation_delay   <duration>
        propagation_timeout <duration> | -1
        dns_ttl             <duration>
    }

A name is proved by a file that it is asked for by HTTP, which any server of ours answers with; with
a DNS provider, by an alias (CNAME). In the key, `{env.NAME}` and `{file.path}` are replaced.
"""

from __future__ import annotations

from typing import Self

import msgspec

from snake.acme.challenges import TIMES, DNSChallenge, read_provider, read_time, solver_of
from snake.caddyfile.fields import Fields
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words, subdirectives
from snake.core.modules import Context, Module
from snake.core.surroundings import fill_all
from snake.issuers.acme import read_port
from snake.tls.issuer import Issuer


class ZeroSSL(Module):
    """The JSON of `tls.issuance.zerossl`."""

    id = "tls.issuance.zerossl"

    api_key: str = ""
    validity_days: int = 0
    listen_host: str = ""
    alternate_http_port: int = 0
    cname_validation: DNSChallenge | None = None

    async def provision(self, ctx: Context) -> Issuer:
        """Return the issuer. Raises `ConfigError`."""
        # Only who issues needs all this, which takes a while to load.
        from snake.acme.dealings import Dealings  # noqa: PLC0415
        from snake.acme.distributed import Shared  # noqa: PLC0415
        from snake.acme.ports import Ports  # noqa: PLC0415
        from snake.acme.presented import Presented  # noqa: PLC0415
        from snake.issuers.zerossl_api import API  # noqa: PLC0415
        from snake.issuers.zerossl_issuer import KEY, ZeroSSLIssuer  # noqa: PLC0415
        from snake.storage.chosen import chosen  # noqa: PLC0415
        from snake.tls.challenge import PKI_VALIDATION, Desk  # noqa: PLC0415

        key = fill_all(self.api_key).strip()
        if not key:
            raise ctx.at("api_key").fail("ZeroSSL's API needs an access key, and this one is empty")
        cname = None
        if self.cname_validation is not None and self.cname_validation.provider is not None:
            cname = await solver_of(self.cname_validation, ctx.at("cname_validation"))
        shared = Shared(await chosen(ctx), KEY)
        port = self.alternate_http_port or (ctx.service(Ports) or Ports()).http
        presented = Presented(
            PKI_VALIDATION,
            ctx.service(Desk) or ctx.shared(Desk),
            shared,
            Dealings.here().listeners,
            (self.listen_host, port),
        )
        return ZeroSSLIssuer(
            API(key), presented, cname=cname, days=self.validity_days, elsewhere=(shared,)
        )

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `zerossl <api_key> { … }`."""
        fields = Fields()
        fields.set("api_key", Words(line).only("an API key").text)
        for sub in subdirectives(line, _NAMES):
            _read(sub, fields, guests)
        return msgspec.convert(fields.values, cls)


def _read(sub: Words, fields: Fields, guests: Guests) -> None:
    match sub.name:
        case "validity_days":
            # Caddy reads the word itself as the number, and refuses it whatever follows.
            sub.token.fail(
                "validity_days cannot be written in a Caddyfile",
                'in JSON it is the field "validity_days" of the issuer',
            )
        case "alt_http_port":
            fields.set("alternate_http_port", read_port(sub))
        case "dns":
            fields.set("cname_validation/provider", read_provider(sub, guests))
        case "resolvers":
            words = sub.some("addresses")
            fields.set("cname_validation/resolvers", [word.text for word in words])
        case name:
            time = read_time(sub, sub.take("a duration"))
            fields.set(f"cname_validation/{TIMES[name]}", time)


_NAMES = ("validity_days", "alt_http_port", "dns", "resolvers", *TIMES)
