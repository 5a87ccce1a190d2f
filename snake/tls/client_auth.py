"""Client authentication: what a client's certificate must be."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment, Token
from snake.caddyfile.words import Words, subdirectives
from snake.config.struct import Guest
from snake.config.tls import ClientAuthentication
from snake.core.modules import to_json
from snake.tls.pem import PEMError, read_certificates
from snake.tls.pools import Inline

Warn = Callable[[Token, str], None]

_NAMES = (
    *("mode", "trust_pool", "verifier", "trusted_ca_cert", "trusted_ca_cert_file"),
    *("trusted_leaf_cert", "trusted_leaf_cert_file"),
)
_BOTH = "cannot specify both 'trust_pool' and 'trusted_ca_cert' or 'trusted_ca_cert_file'"


def read_client_auth(line: Segment, guests: Guests, warn: Warn) -> ClientAuthentication:
    """Read a line `client_auth { … }`. Arguments mean nothing, as in Caddy."""
    mode = ""
    ca: Guest = None
    authorities: list[str] = []
    leaves: list[str] = []
    verifiers: list[msgspec.Raw] = []
    for sub in subdirectives(line, _NAMES):
        match sub.name:
            case "mode":
                mode = sub.only("one mode").text
            case "trust_pool":
                if authorities:
                    sub.token.fail(_BOTH)
                ca = guests.json(sub.guest(), "tls.ca_pool.source", "provider")
            case "verifier":
                verifiers.append(guests.json(sub.guest(), "tls.client_auth.verifier", "verifier"))
            case "trusted_leaf_cert" | "trusted_leaf_cert_file":
                leaves += _certificates(sub)
            case name:
                warn(
                    sub.token,
                    f"The '{name}' field is deprecated. Use the 'trust_pool' field instead.",
                )
                if ca is not None:
                    sub.token.fail(_BOTH)
                authorities += _certificates(sub)
    if authorities:
        ca = to_json(Inline(trusted_ca_certs=tuple(authorities)), "provider")
    return ClientAuthentication(
        ca=ca, trusted_leaf_certs=tuple(leaves), verifiers=tuple(verifiers), mode=mode
    )


def _certificates(sub: Words) -> list[str]:
    """Return the certificate that a line has, or those in the file that it names."""
    word = sub.take("a certificate" if not sub.name.endswith("_file") else "the name of a file")
    if not sub.name.endswith("_file"):
        return [word.text]
    try:
        return read_certificates(word.text)
    except PEMError as error:
        word.fail(f"{sub.name}: {error}")
