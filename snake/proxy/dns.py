"""DNS: the addresses and the services of a name.

Without servers of the config's own, addresses are those that the system gives; services
are asked of the servers that it names. Its hosts file goes before all of them, as in Go.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from random import choice, random
from typing import TYPE_CHECKING

from snake.core.dial import parse_network
from snake.core.network import AddressError, NetworkAddress
from snake.core.record import Record
from snake.proxy.source import SourceError

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver
    from dns.resolver import Answer

_FAMILIES = {"ip": socket.AF_UNSPEC, "ip4": socket.AF_INET, "ip6": socket.AF_INET6}
_TYPES = {"ip": ("A", "AAAA"), "ip4": ("A",), "ip6": ("AAAA",)}
_HOSTS = Path("/etc/hosts")
_TIMEOUT = 5.0
"""Seconds that one server is waited for (Go: 5)."""
_ATTEMPTS = 2


class Service(Record):
    """One SRV record (RFC 2782)."""

    target: str
    """A name that ends in a dot."""
    port: int
    priority: int = 0
    weight: int = 0


def read_server(text: str) -> NetworkAddress:
    """Read the address of a DNS server: `1.1.1.1`, `tcp/1.1.1.1:53`. Raises `AddressError`."""
    address = parse_network(text, "udp", 53)
    if address.start_port != address.end_port:
        raise AddressError(f"{text}: a resolver has exactly one address")
    if address.network.rstrip("46") not in ("udp", "tcp"):
        raise AddressError(f"{text}: a resolver is asked over udp or tcp")
    return address


class DNS:
    """Asks servers, one chosen at random for each name, or the system when there are none."""

    def __init__(self, servers: Sequence[NetworkAddress] = (), timeout: float = 0) -> None:
        self._servers = servers
        self._timeout = timeout or _TIMEOUT

    async def addresses(self, name: str, version: str) -> list[str]:
        """Return the IP addresses of a name; `version` is `ip`, `ip4` or `ip6`.

        Raises `SourceError`, also when there are none.
        """
        try:
            literal = ip_address(name.strip("[]"))
        except ValueError:
            pass
        else:
            return [str(literal)]
        if not name:
            raise SourceError("lookup: no such host")
        if not self._servers:
            return await _of_system(name, version)
        if known := in_hosts_file(name, version):
            return known
        answers = await asyncio.gather(
            *(self._ask(name, kind) for kind in _TYPES[version]), return_exceptions=True
        )
        found = [
            record.to_text()
            for answer in answers
            if not isinstance(answer, BaseException)
            for record in answer or ()
        ]
        failure = next((each for each in answers if isinstance(each, BaseException)), None)
        if not found:
            raise failure or SourceError(f"lookup {name}: no such host")
        return found

    async def services(self, name: str) -> list[Service]:
        """Return the SRV records of a name, in the order in which they are to be tried.

        Raises `SourceError`, also when there are none.
        """
        records = [
            Service(record.target.to_text(), record.port, record.priority, record.weight)
            for record in await self._ask(name, "SRV") or ()
        ]
        if not records:
            raise SourceError(f"lookup {name}: no such host")
        return sorted_services(records)

    async def _ask(self, name: str, kind: str) -> Answer | None:
        """Return the records of one type; `None` if the name has none of it."""
        import dns.exception  # noqa: PLC0415  (slow, seldom needed)
        import dns.resolver  # noqa: PLC0415

        try:
            resolver, tcp = await self._resolver()
            return await resolver.resolve(
                name, kind, tcp=tcp, search=True, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            raise SourceError(f"lookup {name}: no such host") from None
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise SourceError(f"lookup {name}: {error}") from None

    async def _resolver(self) -> tuple[Resolver, bool]:
        """Return what asks one of the servers, and whether over TCP."""
        from dns.asyncresolver import Resolver  # noqa: PLC0415
        from dns.nameserver import Do53Nameserver  # noqa: PLC0415
        from dns.resolver import NoResolverConfiguration  # noqa: PLC0415

        try:
            resolver = Resolver()
        except NoResolverConfiguration:
            resolver = Resolver(configure=False)
        resolver.timeout = self._timeout
        resolver.lifetime = self._timeout * _ATTEMPTS
        if not self._servers:
            return resolver, False
        server = choice(self._servers)  # noqa: S311  (no secret)
        host = (await DNS().addresses(server.host, "ip"))[0]
        resolver.nameservers = [Do53Nameserver(host, server.start_port)]
        return resolver, server.network.startswith("tcp")


def in_hosts_file(name: str, version: str, path: Path = _HOSTS) -> list[str]:
    """Return the addresses of a name that the system's own file has: it goes before servers."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    wanted = name.lower().rstrip(".")
    found = []
    for line in lines:
        address, *names = line.partition("#")[0].split() or [""]
        if wanted not in (each.lower().rstrip(".") for each in names):
            continue
        try:
            literal = ip_address(address.partition("%")[0])
        except ValueError:
            continue
        if version in ("ip", f"ip{literal.version}"):
            found.append(str(literal))
    return found


async def _of_system(name: str, version: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(
            name, None, family=_FAMILIES[version], type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError) as error:
        raise SourceError(f"lookup {name}: {error}") from None
    return list(dict.fromkeys(str(where[4][0]) for where in found))


def sorted_services(records: Sequence[Service]) -> list[Service]:
    """Sort by priority, and those of one priority at random, by weight (RFC 2782).

    One without a weight comes after those with one.
    """

    def key(record: Service) -> tuple[int, float]:
        # The first of exponentially distributed times, each with its weight as the rate.
        return record.priority, -(random() ** (1 / record.weight)) if record.weight else random()  # noqa: S311

    return sorted(records, key=key)
