"""cert_issuer, local_certs, key_type, renewal_window_ratio: for all sites.

Syntax::

    cert_issuer <issuer> ...
    local_certs
    key_type    ed25519 | p256 | p384 | rsa2048 | rsa4096
    renewal_window_ratio <ratio>

`cert_issuer` may be given more than once; its issuers are asked in turn. With `local_certs`
all certificates are internal, those for public names too.
"""

from __future__ import annotations

import math

from snake.plugin import Guests, Module, Option, Segment, Token
from snake.tls.parameters import read_ratio


def _issuer(
    line: Segment, earlier: tuple[Module, ...] | None, guests: Guests
) -> tuple[Module, ...]:
    """Add the issuer of this line to those of the lines before."""
    return (*(earlier or ()), guests.read(line.rest, "tls.issuance"))


def _flag(line: Segment, earlier: object, guests: Guests) -> Token:
    """Return where it stands. Whatever follows means nothing, as in Caddy."""
    del earlier, guests
    return line.words[0]


def _key_type(line: Segment, earlier: object, guests: Guests) -> str:
    del earlier, guests
    line.no_block()
    return line.arg()


def _ratio(line: Segment, earlier: object, guests: Guests) -> float:
    del earlier, guests
    line.no_block()
    line.arg()
    ratio = read_ratio(line.args[0])
    if math.isnan(ratio):
        line.args[0].fail("renewal_window_ratio must be a number")
    return ratio


cert_issuer = Option("cert_issuer", _issuer)
local_certs = Option("local_certs", _flag)
key_type = Option("key_type", _key_type)
renewal_window_ratio = Option("renewal_window_ratio", _ratio)
