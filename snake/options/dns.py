"""dns, tls_resolvers, ech: the DNS in which names are proved and keys are published.

Syntax::

    dns           <provider> ...
    tls_resolvers <addresses...>
    ech <public_names...> {
        dns <provider> ...
    }

A provider is `cloudflare` or `rfc2136`, or one that a plugin brings.
"""

from __future__ import annotations

import msgspec

from snake.config.tls import ECH, ECHConfiguration, ECHPublication
from snake.plugin import Guests, Option, Segment, subdirectives, to_json
from snake.tls.publishers import DNS


def _provider(line: Segment, earlier: object, guests: Guests) -> msgspec.Raw:
    del earlier
    return guests.json(line.rest, "dns.providers", "name")


def _resolvers(line: Segment, earlier: object, guests: Guests) -> tuple[str, ...]:
    """Return the servers. A block means nothing, as in Caddy."""
    del earlier, guests
    if not line.args:
        line.fail("tls_resolvers takes one or more addresses", "for example: tls_resolvers 1.1.1.1")
    return tuple(line.texts)


def _ech(line: Segment, earlier: object, guests: Guests) -> ECH:
    del earlier
    if not line.args:
        line.fail("ech takes one or more public names")
    publication: list[ECHPublication] = []
    for sub in subdirectives(line, ("dns",)):
        provider = guests.json(sub.guest(), "dns.providers", "name")
        publishers = {"dns": to_json(DNS(provider=provider))}
        publication.append(ECHPublication(tuple(line.texts), publishers=publishers))
    return ECH(tuple(map(ECHConfiguration, line.texts)), tuple(publication))


dns = Option("dns", _provider)
tls_resolvers = Option("tls_resolvers", _resolvers)
ech = Option("ech", _ech)
