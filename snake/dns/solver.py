"""Solver: has a record in the DNS while an authority looks for it.

That is the challenge `dns-01` (RFC 8555 §8.4), and what else is proved by a record.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from snake.core.errors import SnakeError
from snake.core.finishing import to_the_end
from snake.core.record import Record as Value
from snake.dns.provider import Provider, ProviderError, Record, absolute, relative
from snake.dns.resolver import Place, Resolver, ResolverError, read_place, texts
from snake.dns.zone import Zone, end_of_aliases, servers_of, zone_of

log = logging.getLogger("snake.dns")

NO_CHECK = -1
"""The propagation timeout with which nobody looks whether the record is there."""
_TIMEOUT = 120.0
"""Seconds for which it is waited for (certmagic: 2 minutes)."""
_INTERVAL = 2.0
"""Seconds between two looks."""
_CLEANING = 30.0
"""Seconds that removing the record may take."""
_LAME = ("REFUSED", "NOTAUTH", "NOTIMP")
"""What a server answers that is not in charge of a zone, though it is named to be."""


class SolverError(SnakeError):
    """A record that could not be put into the DNS, or that nobody sees there."""


class Solver:
    """Puts records into the DNS, and takes them out again. Times are in seconds.

    One for each provider and its settings; it solves any number of challenges at once.
    """

    def __init__(  # noqa: PLR0913  (the settings of a challenge)
        self,
        provider: Provider,
        *,
        ttl: float = 0,
        propagation_delay: float = 0,
        propagation_timeout: float = 0,
        resolvers: Sequence[str] = (),
        override_domain: str = "",
        authority_port: int = 53,
        interval: float = _INTERVAL,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Raise `ResolverError` for what is no address of a DNS server.

        `resolvers` are asked for all, and whether the record is there; without them it is the
        zone's own servers that must have it. `override_domain` is where the record goes, whatever
        the name; `authority_port` is the port of the zones' own servers.
        """
        self._provider = provider
        self._ttl = ttl
        self._delay = propagation_delay
        self._timeout = propagation_timeout
        self._places = tuple(map(read_place, resolvers))
        self._resolver = Resolver(self._places)
        self._override = override_domain
        self._port = authority_port
        self._interval = interval
        self._sleep = sleep

    @asynccontextmanager
    async def solving(self, name: str, key_authorization: str) -> AsyncIterator[None]:
        """Have the record of the challenge `dns-01` in the DNS as long as this is open.

        `name` may be a wildcard. It is entered when the record is seen; whatever happens, it is
        removed. Raises `SolverError`.
        """
        digest = hashlib.sha256(key_authorization.encode()).digest()
        value = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        owner = self._override or f"_acme-challenge.{name.removeprefix('*.')}"
        async with self.having("TXT", owner, value):
            yield

    @asynccontextmanager
    async def having(self, kind: str, owner: str, data: str) -> AsyncIterator[None]:
        """Have a record of a whole name in the DNS as long as this is open. See `solving`."""
        owner = owner.lower().removesuffix(".") + "."
        try:
            if kind != "CNAME":
                owner = await end_of_aliases(owner, self._resolver)
            zone = await zone_of(owner, self._resolver)
        except ResolverError as error:
            raise SolverError(f"no record for {owner}: {error}") from None
        record = Record(kind, relative(owner, zone.name), data, self._ttl)
        made = await self._appended(zone, record)
        try:
            await self._propagated(zone, record)
            yield
        finally:
            await to_the_end(self._removed(zone, made or [record]))

    async def _appended(self, zone: Zone, record: Record) -> list[Record]:
        log.debug("adding the %s record %s of %s", record.type, record.name, zone.name)
        try:
            return await self._provider.append_records(zone.name, [record])
        except ProviderError as error:
            raise SolverError(
                f"no {record.type} record {absolute(record.name, zone.name)}: {error}"
            ) from None
        except asyncio.CancelledError:
            await to_the_end(self._removed(zone, [record]))  # it may be there already
            raise

    async def _removed(self, zone: Zone, records: Sequence[Record]) -> None:
        try:
            async with asyncio.timeout(_CLEANING):
                await self._provider.delete_records(zone.name, records)
        except (ProviderError, TimeoutError) as error:
            log.warning(
                "the record %s is left behind: %s",
                absolute(records[0].name, zone.name),
                error if str(error) else f"not removed within {_CLEANING:g} s",
            )

    async def _propagated(self, zone: Zone, record: Record) -> None:
        """Wait until the record is seen. Raises `SolverError`."""
        if self._delay > 0:
            await self._sleep(self._delay)
        if self._timeout < 0:
            return
        within = self._timeout or _TIMEOUT
        name = absolute(record.name, zone.name)
        until = time.monotonic() + within
        while True:
            missing = await self._missing(zone, name, record)
            if not missing:
                return
            if time.monotonic() + self._interval > until:
                raise SolverError(
                    f"the {record.type} record {name} was not seen within {within:g} s: {missing}"
                )
            await self._sleep(self._interval)

    async def _missing(self, zone: Zone, name: str, record: Record) -> str:
        """Return who does not have the record yet, and what is said instead."""
        try:
            places = self._places or await servers_of(zone, self._resolver, self._port)
        except ResolverError as error:
            return str(error)
        sights = await asyncio.gather(*(self._look(place, name, record) for place in places))
        if any(each.seen for each in sights) and all(each.seen or each.lame for each in sights):
            return ""  # those that do not answer us will not answer the authority, either
        return ", ".join(
            f"{place} {sight.says}"
            for place, sight in zip(places, sights, strict=True)
            if not sight.seen
        )

    async def _look(self, place: Place, name: str, record: Record) -> Sight:
        """Return whether a server has the record."""
        try:
            answer = await self._resolver.ask_at(place, name, record.type)
        except ResolverError:
            return Sight(says="does not answer", lame=True)
        code = answer.rcode().name
        if code != "NOERROR":
            return Sight(says=f"answers {code}", lame=code in _LAME)
        found = texts(answer, record.type)
        if record.type != "TXT":
            found = [each.lower() for each in found]
        seen = (record.data if record.type == "TXT" else record.data.lower()) in found
        return Sight(seen=seen, says="does not have it")


class Sight(Value):
    """What a server has of a record."""

    seen: bool = False
    says: str = ""
    lame: bool = False
    """Whether it answers for nobody."""
