"""Challenges: how a name is proved to an authority that issues by ACME."""

from __future__ import annotations

from typing import Annotated

import msgspec

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Token
from snake.caddyfile.words import Words
from snake.config.struct import Config, Duration, Guest
from snake.core.namespace import In
from snake.core.units import duration

FOR_EVER = "-1"
"""The propagation timeout that is none."""


class HTTPChallenge(Config):
    """The challenge that is answered by HTTP."""

    disabled: bool = False
    alternate_port: int = 0


class TLSALPNChallenge(Config):
    """The challenge that is answered in a handshake."""

    disabled: bool = False
    alternate_port: int = 0


class DNSChallenge(Config):
    """The challenge that is answered by a record in the DNS."""

    provider: Annotated[Guest, In("dns.providers", "name")] = None
    ttl: Duration = 0
    propagation_delay: Duration = 0
    propagation_timeout: Duration = 0
    resolvers: tuple[str, ...] = ()
    override_domain: str = ""


class Challenges(Config):
    """The challenges that an issuer may take."""

    http: HTTPChallenge | None = None
    tls_alpn: TLSALPNChallenge | None = msgspec.field(default=None, name="tls-alpn")
    dns: DNSChallenge | None = None
    bind_host: str = ""
    distributed: bool | None = None


TIMES = {
    "propagation_delay": "propagation_delay",
    "propagation_timeout": "propagation_timeout",
    "dns_ttl": "ttl",
}
"""Subdirectives that take a duration, and the field of each."""


def read_time(sub: Words, token: Token) -> int:
    """Read the duration of one of `TIMES`. Rejects the token."""
    if sub.name == "propagation_timeout" and token.text == FOR_EVER:
        return -1
    return sub.read(token, duration)


def read_provider(sub: Words, guests: Guests) -> msgspec.Raw:
    """Read the rest of a line as a DNS provider."""
    return guests.json(sub.guest(), "dns.providers", "name")
