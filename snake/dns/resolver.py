"""Resolver: asks DNS servers, for what decides where a record belongs and whether it is there.

Nothing is kept: what is asked about changes just then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from snake.core.dial import join_host_port, split_host_port
from snake.core.errors import SnakeError
from snake.core.network import AddressError
from snake.core.record import Record
from snake.fetch.names import addresses_of

if TYPE_CHECKING:
    from dns.message import Message, QueryMessage

_PORT = 53
_TRIES = ((2.0, "udp"), (3.0, "udp"), (5.0, "tcp"))
"""How one server is asked, and for how many seconds each time."""
_FINE = ("NOERROR", "NXDOMAIN")
"""What a server answers that knows."""
_PUBLIC = ("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1")
"""Where the system names no server (certmagic's)."""


class ResolverError(SnakeError):
    """What the DNS does not say, and why."""


class Place(Record):
    """A DNS server."""

    host: str
    """A name or an IP address."""
    port: int = _PORT

    def __str__(self) -> str:
        """Return it as people write it."""
        return join_host_port(self.host, str(self.port))


def read_place(text: str) -> Place:
    """Read `1.1.1.1`, `ns.example.com:53`, `[::1]:53`, `::1`. Raises `ResolverError`."""
    try:
        host, port = split_host_port(text)
    except AddressError:
        host, port = text.strip("[]"), ""
    if not host or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16)):
        raise ResolverError(f"{text!r} is no address of a DNS server: expected host or host:port")
    return Place(host, int(port or _PORT))


class Resolver:
    """Asks the servers it is given, one after the other; without any, those of the system."""

    def __init__(self, places: Sequence[Place] = ()) -> None:
        self._places = tuple(places)

    async def ask(self, name: str, kind: str) -> Message:
        """Return what the first server says that knows the answer, or else the last one.

        Raises `ResolverError` if none answers.
        """
        failure = ResolverError("there is no DNS server to ask")
        answer: Message | None = None
        for place in self._places or _system():
            try:
                answer = await self.ask_at(place, name, kind)
            except ResolverError as error:
                failure = error
                continue
            if answer.rcode().name in _FINE:
                return answer
        if answer is None:
            raise failure
        return answer

    async def ask_at(self, place: Place, name: str, kind: str) -> Message:
        """Return what one server answers. Raises `ResolverError` if it does not."""
        import dns.exception  # noqa: PLC0415  (slow, and seldom needed)
        import dns.message  # noqa: PLC0415

        try:
            query = dns.message.make_query(name, kind, use_edns=True, payload=1232)
        except (dns.exception.DNSException, UnicodeError) as error:
            raise ResolverError(f"{name!r} is no name of the DNS: {error}") from None
        address = await address_of(place)
        for seconds, how in _TRIES:
            try:
                return await _exchange(query, address, place.port, seconds, how)
            except dns.exception.Timeout:
                continue
            except (dns.exception.DNSException, OSError, EOFError) as error:
                raise ResolverError(f"DNS server {place}: {error}") from None
        raise ResolverError(f"DNS server {place} does not answer")

    async def addresses(self, name: str, port: int = _PORT) -> list[Place]:
        """Return where a name server is; nothing if that cannot be found out."""
        found = []
        for kind in ("A", "AAAA"):
            try:
                answer = await self.ask(name, kind)
            except ResolverError:
                continue
            found += [Place(text, port) for text in texts(answer, kind)]
        return found


def texts(answer: Message, kind: str) -> list[str]:
    """Return the records of a type that are in the answer section, as text.

    Those of `TXT` are the texts themselves.
    """
    found = []
    for each in answer.answer:
        if each.rdtype.name != kind:
            continue
        for record in each:
            if kind == "TXT":
                found.append(b"".join(record.strings).decode("utf-8", "replace"))
            else:
                found.append(record.to_text())
    return found


async def _exchange(
    query: QueryMessage, address: str, port: int, seconds: float, how: str
) -> Message:
    import dns.asyncquery  # noqa: PLC0415  (slow, and seldom needed)

    if how == "tcp":
        return await dns.asyncquery.tcp(query, address, timeout=seconds, port=port)
    answer, _ = await dns.asyncquery.udp_with_fallback(
        query,
        address,
        timeout=seconds,
        port=port,
        ignore_unexpected=True,
        ignore_errors=True,  # anybody may send garbage before the answer comes
    )
    return answer


def _system() -> tuple[Place, ...]:
    from dns.resolver import NoResolverConfiguration  # noqa: PLC0415
    from dns.resolver import Resolver as System  # noqa: PLC0415

    try:
        named = System().nameservers
    except (NoResolverConfiguration, OSError):
        named = []
    return tuple(Place(str(each)) for each in named or _PUBLIC)


async def address_of(place: Place) -> str:
    """Return the IP address of a server, which may have been given by its name.

    Raises `ResolverError`.
    """
    try:
        return (await addresses_of(place.host, place.port))[0]
    except OSError as error:
        raise ResolverError(f"DNS server {place.host}: {error.strerror or error}") from None
