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
"""

from __future__ import annotations

from typing import Self

import msgspec

from snake.acme.challenges import TIMES, DNSChallenge, read_provider, read_time
from snake.caddyfile.fields import Fields
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words, subdirectives
from snake.core.modules import Module
from snake.issuers.acme import read_port


class ZeroSSL(Module):
    """The JSON of `tls.issuance.zerossl`."""

    id = "tls.issuance.zerossl"

    api_key: str = ""
    validity_days: int = 0
    listen_host: str = ""
    alternate_http_port: int = 0
    cname_validation: DNSChallenge | None = None

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
