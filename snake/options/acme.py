"""email, acme_ca, acme_ca_root, acme_eab, acme_dns, cert_lifetime, preferred_chains: for all ACME.

Syntax::

    email        <address>
    acme_ca      <directory_url>
    acme_ca_root <pem_file>
    acme_eab {
        key_id  <key_id>
        mac_key <mac_key>
    }
    acme_dns [<provider> ...]
    cert_lifetime <duration>
    preferred_chains [smallest] {
        root_common_name <names...>
        any_common_name  <names...>
    }

Each goes for the issuers that do not say it themselves. With an email, ZeroSSL is asked
when Let's Encrypt does not issue; with `acme_ca`, that authority alone is asked.
"""

from __future__ import annotations

import msgspec

from snake.acme.chains import ChainPreference, read_preference
from snake.core.units import duration
from snake.issuers.acme import ExternalAccount
from snake.plugin import Guests, Option, Segment, Token, Words, subdirectives


def _text(line: Segment, earlier: object, guests: Guests) -> str:
    """Return the one word of a line."""
    del earlier, guests
    line.no_block()
    return line.arg()


def _external_account(line: Segment, earlier: object, guests: Guests) -> ExternalAccount:
    del earlier, guests
    if line.args:
        line.args[0].fail(f"acme_eab takes a block, got {line.args[0]}")
    fields: dict[str, str] = {}
    for sub in subdirectives(line, ("key_id", "mac_key")):
        fields[sub.name] = sub.take().text
    return ExternalAccount(**fields)


def _provider(line: Segment, earlier: object, guests: Guests) -> msgspec.Raw | Token:
    """Return the provider, or where it is said that the one of the option `dns` is meant."""
    del earlier
    if not line.args and line.block is None:
        return line.words[0]
    return guests.json(line.rest, "dns.providers", "name")


def _lifetime(line: Segment, earlier: object, guests: Guests) -> int:
    del earlier, guests
    words = Words(line)
    return words.read(words.take("a duration"), duration)


def _chains(line: Segment, earlier: object, guests: Guests) -> ChainPreference:
    del earlier, guests
    return read_preference(line)


email = Option("email", _text)
acme_ca = Option("acme_ca", _text)
acme_ca_root = Option("acme_ca_root", _text)
acme_eab = Option("acme_eab", _external_account)
acme_dns = Option("acme_dns", _provider)
cert_lifetime = Option("cert_lifetime", _lifetime)
preferred_chains = Option("preferred_chains", _chains)
