"""Sites that listen on the same addresses, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from snake.adapter.addresses import Address, Bind, Ports, listeners
from snake.adapter.scope import Results
from snake.core.record import Record

_Where = tuple[str, str]
"""A network address, and a protocol or nothing for the usual ones."""
_Placed = tuple[int, tuple[Address, ...]]
"""A site's number, and those of its addresses that are meant."""


class AdaptedSite(Record):
    """A site whose lines are adapted."""

    addresses: tuple[Address, ...]
    results: Results

    @property
    def hosts(self) -> tuple[str, ...]:
        """Its host names; none if one of its addresses is for every host."""
        hosts = dict.fromkeys(address.host for address in self.addresses)
        return () if "" in hosts else tuple(hosts)


class Listening(Record):
    """The sites of one server, each with the addresses that this server has of it.

    The most specific site is the first: only one of them handles a request.
    """

    listen: tuple[str, ...]
    protocols: tuple[tuple[str, ...] | None, ...]
    sites: tuple[AdaptedSite, ...]


def gather(sites: Sequence[AdaptedSite], binds: Sequence[Bind], ports: Ports) -> list[Listening]:
    """Put sites on listeners, and listeners that have the same sites together.

    Raises `CaddyfileError` when one address has two sites.
    """
    on: dict[_Where, list[_Placed]] = {}
    for number, site in enumerate(sites):
        here: dict[_Where, list[Address]] = {}
        for address in site.addresses:
            for where in _wheres(address, site.results.binds or binds, ports):
                here.setdefault(where, []).append(address)
        for where, addresses in here.items():
            on.setdefault(where, []).append((number, tuple(addresses)))
    return [_listening(sites, placed, found) for placed, found in _together(on)]


def _together(
    on: Mapping[_Where, Sequence[_Placed]],
) -> Iterator[tuple[Sequence[_Placed], Mapping[str, list[str]]]]:
    """Yield what each server has: the sites, and the protocols of each of its addresses.

    Caddy counts one more server, without addresses, for each protocol of an address
    beyond the first, and the names of servers are their numbers: so it is here.
    """
    wheres: dict[tuple[_Placed, ...], list[_Where]] = {}
    for where in sorted(on):
        wheres.setdefault(tuple(on[where]), []).append(where)
    done: set[_Where] = set()
    for _, group in groupby(sorted(on), key=itemgetter(0)):
        for where in [where for where in group if where not in done]:
            placed = tuple(on[where])
            if where in done:
                yield (), {}
                continue
            done.update(wheres[placed])
            found: dict[str, list[str]] = {}
            for listener, protocol in wheres[placed]:
                found.setdefault(listener, []).append(protocol)
            yield placed, found


def _wheres(address: Address, binds: Sequence[Bind], ports: Ports) -> Iterator[_Where]:
    for listener, protocols in listeners(address, binds, ports).items():
        yield from ((listener, protocol) for protocol in protocols or ("",))


def _listening(
    sites: Sequence[AdaptedSite], placed: Sequence[_Placed], found: Mapping[str, list[str]]
) -> Listening:
    seen: dict[str, int] = {}
    for number, addresses in placed:
        for address in addresses:
            if seen.setdefault(address.key.text, number) != number:
                address.key.fail(
                    f"ambiguous site definition: {address.key}",
                    "this address has a site already",
                )
    here = [AdaptedSite(addresses, sites[number].results) for number, addresses in placed]
    protocols = [tuple(names) if any(names) else None for names in found.values()]
    return Listening(
        tuple(found),
        tuple(protocols) if any(protocols) else (),
        tuple(sorted(here, key=_specificity)),
    )


def _specificity(site: AdaptedSite) -> tuple[bool, bool, int, int]:
    """Sort exact hosts before wildcards, long before short, and those for every host last."""
    host = max((_weight(address.host) for address in site.addresses), default=0)
    if host <= 0:
        return True, False, 0, 0
    wildcard = any("*" in address.host or not address.host for address in site.addresses)
    path = max(site.addresses, key=lambda address: _weight(address.path)).path
    return False, wildcard, -host, -len(path.encode())


def _weight(text: str) -> int:
    """Return the length without wildcards and placeholders."""
    weight = len(text.encode()) - text.count("*")
    while "{" in text:
        _, _, text = text.partition("{")
        inside, closed, text = text.partition("}")
        if not closed:
            break
        weight -= len(inside.encode()) + 2
    return weight
