"""Zones: to which a name belongs, who serves it, and where a name of a challenge leads."""

from __future__ import annotations

import secrets

from snake.core.record import Record
from snake.dns.resolver import Place, Resolver, ResolverError, texts

_MOST_HOPS = 8
"""Aliases that are followed (CNAME)."""
_MOST_SERVERS = 16
"""Name servers of a zone that are asked."""
_FINE = ("NOERROR", "NXDOMAIN")


class Zone(Record):
    """A part of the DNS that somebody is in charge of (RFC 1034 §4.2)."""

    name: str
    """In lower case, with a dot at its end."""


async def zone_of(name: str, resolver: Resolver) -> Zone:
    """Return the zone that a name is in: the longest ending of it that has a SOA record.

    Raises `ResolverError`.
    """
    labels = name.lower().removesuffix(".").split(".")
    for index in range(len(labels)):
        candidate = ".".join(labels[index:]) + "."
        answer = await resolver.ask(candidate, "SOA")
        code = answer.rcode().name
        if code not in _FINE:
            raise ResolverError(f"the DNS answers {code} for the SOA record of {candidate}")
        # No alias can be the head of a zone: the SOA record is that of where it leads.
        owners = [each.name.to_text().lower() for each in answer.answer]
        if texts(answer, "SOA") and not texts(answer, "CNAME") and candidate in owners:
            return Zone(candidate)
    raise ResolverError(f"no part of {name} has a SOA record: is it a name of the public DNS?")


async def end_of_aliases(name: str, resolver: Resolver) -> str:
    """Return where the records of a name are: it, or where its aliases lead (RFC 1034 §3.6.2).

    An alias that is there for any name, by a wildcard, is not followed: a record of the name's own
    takes its place (RFC 4592 §2.2.1). What cannot be asked is no alias.
    """
    seen = {name}
    while len(seen) <= _MOST_HOPS:
        target = await _alias(name, resolver)
        if target is None or target in seen or await _is_wildcard(name, target, resolver):
            return name
        seen.add(target)
        name = target
    raise ResolverError(f"{name} is the alias of an alias of an alias: {_MOST_HOPS} and no end")


async def _alias(name: str, resolver: Resolver) -> str | None:
    try:
        answer = await resolver.ask(name, "CNAME")
    except ResolverError:
        return None
    return next((each.lower() for each in texts(answer, "CNAME")), None)


async def _is_wildcard(name: str, target: str, resolver: Resolver) -> bool:
    _, _, parent = name.partition(".")
    return await _alias(f"{secrets.token_hex(8)}.{parent}", resolver) == target


async def servers_of(zone: Zone, resolver: Resolver, port: int = 53) -> list[Place]:
    """Return the servers that are in charge of a zone. Raises `ResolverError` if there are none."""
    names = texts(await resolver.ask(zone.name, "NS"), "NS")
    found: list[Place] = []
    for name in names[:_MOST_SERVERS]:
        found += await resolver.addresses(name, port)
    if not found:
        raise ResolverError(f"the name servers of {zone.name} cannot be found")
    return found
