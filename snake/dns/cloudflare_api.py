"""Account: what an API token of Cloudflare can do with records.

Source: https://developers.cloudflare.com/api/resources/dns/subresources/records/.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from snake.core.record import Record as Value
from snake.dns.provider import ProviderError, Record, absolute
from snake.fetch.fetch import fetch
from snake.fetch.response import FetchError, Response

ENDPOINT = "https://api.cloudflare.com/client/v4"
_TIMEOUT = 20.0
"""Seconds for one request."""
_MOST = 4 << 20
"""Bytes of one answer."""
_PER_PAGE = 100
_MOST_PAGES = 50
_LONGEST_WAIT = 45.0
"""Seconds that a limit of requests is waited for."""
_WAIT = 5.0
"""Seconds to wait where it is not said how long."""
_SECONDS = re.compile(r"[0-9]{1,6}")
_TRIES = 3
_TOO_MANY = 429
_AUTOMATIC = 1
"""The time to live that Cloudflare chooses."""
_LEAST_TTL, _MOST_TTL = 60, 86_400
_IDENTICAL = frozenset({81_057, 81_058})
"""The errors of a record that is there already."""
_SHOWN = 200


class Fault(Value):
    """One error of an answer."""

    code: int = 0
    message: str = ""


class Found(Value):
    """One zone or record of an answer."""

    id: str = ""
    type: str = ""
    name: str = ""
    content: str = ""
    ttl: float = 0


class Pages(Value):
    """How an answer is part of a longer one."""

    page: int = 1
    total_pages: int | None = None
    per_page: int = _PER_PAGE
    total_count: int = 0

    @property
    def last(self) -> bool:
        """Whether no page follows."""
        total = self.total_pages
        if total is None:
            total = -(-self.total_count // max(1, self.per_page))
        return self.page >= total


class Answer(Value):
    """What the API answers."""

    success: bool = False
    errors: tuple[Fault, ...] | None = ()
    result: msgspec.Raw = msgspec.Raw(b"null")
    result_info: Pages | None = None


class Account:
    """A `Provider` of the zones that its tokens may change."""

    def __init__(
        self,
        api_token: str,
        zone_token: str = "",
        *,
        endpoint: str = ENDPOINT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._token = api_token
        self._zone_token = zone_token or api_token
        self._endpoint = endpoint
        self._sleep = sleep
        self._zones: dict[str, str] = {}

    async def append_records(self, zone: str, records: Sequence[Record]) -> list[Record]:
        """Add records. Raises `ProviderError`."""
        place = f"/zones/{await self._zone(zone)}/dns_records"
        for record in records:
            answer = await self._ask("POST", place, body=_body(record, zone))
            codes = {fault.code for fault in answer.errors or ()}
            if not answer.success and not codes & _IDENTICAL:
                self._zones.pop(zone, None)  # it may have been made anew
                raise _failure("does not add the record", answer.errors)
        return list(records)

    async def delete_records(self, zone: str, records: Sequence[Record]) -> list[Record]:
        """Delete records. Raises `ProviderError`."""
        place = f"/zones/{await self._zone(zone)}/dns_records"
        deleted = []
        for record in records:
            for found in await self._records(place, record, zone):
                if found.content not in _contents(record):
                    continue
                answer = await self._ask("DELETE", f"{place}/{quote(found.id, safe='')}")
                if not answer.success:
                    raise _failure("does not delete the record", answer.errors)
                deleted.append(record)
        return deleted

    async def _zone(self, zone: str) -> str:
        """Return the ID of a zone. Raises `ProviderError`."""
        if zone in self._zones:
            return self._zones[zone]
        name = zone.removesuffix(".")
        answer = await self._ask("GET", "/zones", {"name": name}, token=self._zone_token)
        if not answer.success:
            raise _failure(f"does not say which zone {name} is", answer.errors)
        found = [each for each in _listed(answer) if each.name.lower() == name.lower()]
        if len(found) != 1 or not found[0].id:
            raise ProviderError(
                f"Cloudflare has {len(found) or 'no'} zones {name} that the token may read"
            )
        self._zones[zone] = found[0].id
        return found[0].id

    async def _records(self, place: str, record: Record, zone: str) -> list[Found]:
        """Return the records of a type and name, from all pages."""
        query = {"type": record.type, "name": _name(record, zone), "per_page": str(_PER_PAGE)}
        found: list[Found] = []
        for page in range(1, _MOST_PAGES + 1):
            answer = await self._ask("GET", place, {**query, "page": str(page)})
            if not answer.success:
                raise _failure("does not list the records", answer.errors)
            part = _listed(answer)
            found += part
            if not part or answer.result_info is None or answer.result_info.last:
                break
        return found

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        token: str = "",
    ) -> Answer:
        """Return an answer, which may be one of errors. Raises `ProviderError` for none."""
        url = f"{self._endpoint}{path}" + (f"?{urlencode(query)}" if query else "")
        fields = {"Authorization": f"Bearer {token or self._token}", "Accept": "application/json"}
        if body is not None:
            fields["Content-Type"] = "application/json"
        waited = 0.0
        for _ in range(_TRIES):
            try:
                answer = await fetch(
                    url, method=method, fields=fields, body=body, within=_TIMEOUT, most=_MOST
                )
            except FetchError as error:
                raise ProviderError(f"the API of Cloudflare: {error}") from None
            if answer.status != _TOO_MANY:
                return _decoded(answer)
            wait = _retry_after(answer)
            waited += wait
            if waited > _LONGEST_WAIT:
                raise ProviderError(f"Cloudflare takes no more requests for {wait:g} s")
            await self._sleep(wait)
        raise ProviderError("Cloudflare takes no more requests, however long it is waited")


def _decoded(answer: Response) -> Answer:
    try:
        return msgspec.json.decode(answer.body, type=Answer)
    except (msgspec.DecodeError, RecursionError):
        raise ProviderError(
            f"the API of Cloudflare answers {answer.status} with what is no JSON of its API"
        ) from None


def _listed(answer: Answer) -> list[Found]:
    try:
        return msgspec.json.decode(answer.result, type=list[Found])
    except (msgspec.DecodeError, RecursionError):
        raise ProviderError("the API of Cloudflare answers with no list") from None


def _retry_after(answer: Response) -> float:
    text = answer.fields.get("retry-after", "")
    return float(text) if _SECONDS.fullmatch(text) else _WAIT


def _failure(what: str, faults: Sequence[Fault] | None) -> ProviderError:
    reasons = "; ".join(_said(fault) for fault in (faults or ())[:3]) or "it does not say why"
    return ProviderError(f"Cloudflare {what}: {reasons}")


def _said(fault: Fault) -> str:
    text = "".join(each for each in fault.message if each.isprintable())[:_SHOWN]
    return f"{text} ({fault.code})"


def _name(record: Record, zone: str) -> str:
    return absolute(record.name, zone).removesuffix(".")


def _contents(record: Record) -> tuple[str, ...]:
    """Return how a record's data may be written: texts with quotes, names without a dot."""
    if record.type == "TXT":
        return (_quoted(record.data), record.data)
    return (record.data.removesuffix("."), record.data)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _body(record: Record, zone: str) -> bytes:
    ttl = min(_MOST_TTL, max(_LEAST_TTL, int(record.ttl))) if record.ttl else _AUTOMATIC
    fields: dict[str, Any] = {
        "type": record.type,
        "name": _name(record, zone),
        "content": _contents(record)[0],
        "ttl": ttl,
    }
    return msgspec.json.encode(fields)
