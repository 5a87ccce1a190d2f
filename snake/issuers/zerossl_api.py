"""The REST API of ZeroSSL, which has no statuses: whether something was an error is in the answer.

Source: https://zerossl.com/documentation/api/.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from snake.core.record import Record
from snake.fetch.fetch import fetch
from snake.fetch.response import FetchError
from snake.tls.challenge import PATHS, PKI_VALIDATION
from snake.tls.issuer import IssueError

ENDPOINT = "https://api.zerossl.com"
BY_FILE = "HTTP_CSR_HASH"
BY_CNAME = "CNAME_CSR_HASH"
DRAFT, PENDING, ISSUED = "draft", "pending_validation", "issued"
_TIMEOUT = 60.0
"""Seconds for one request; one that checks names takes a while."""
_MOST = 2 << 20
"""Bytes of an answer."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_ALIAS = re.compile(r"_[a-z0-9_-]{8,62}")
"""How an alias begins: no host is called so."""
_TARGET = re.compile(r"[A-Za-z0-9_.-]{1,253}")
_LASTING = frozenset({101, 102, 103, 105})
"""The errors of a key that is wrong, or may not do this."""
_SHOWN = 300


class Fault(Record):
    """An error of the API."""

    code: int = 0
    type: str = ""
    details: msgspec.Raw = msgspec.Raw(b"")


class Proof(Record):
    """What proves a name: a file at an address, or an alias."""

    file: str = msgspec.field(default="", name="file_validation_url_http")
    lines: tuple[str, ...] = msgspec.field(default=(), name="file_validation_content")
    alias: str = msgspec.field(default="", name="cname_validation_p1")
    target: str = msgspec.field(default="", name="cname_validation_p2")

    def token(self, name: str) -> str:
        """Return the name of the file. Raises `IssueError` if it is not where such files are."""
        url = urlsplit(self.file)
        folder = PATHS[PKI_VALIDATION]
        token = url.path.removeprefix(folder)
        if token == url.path or "/" in token or not token or not self.lines:
            raise IssueError(f"ZeroSSL wants a file for {name} where none can be: {self.file!a}")
        return token

    def owner(self, name: str) -> str:
        """Return the name of the alias. Raises `IssueError` if it could be anything else's."""
        label, _, rest = self.alias.lower().removesuffix(".").partition(".")
        own = name.lower().removeprefix("*.")
        if not _ALIAS.fullmatch(label) or not rest or not f".{own}".endswith(f".{rest}"):
            raise IssueError(f"ZeroSSL wants an alias for {name} where none can be: {self.alias!a}")
        if not _TARGET.fullmatch(self.target):
            raise IssueError(f"ZeroSSL wants an alias to {self.target!a}, which is no name")
        return self.alias


class Validation(Record):
    """How the names of a certificate are proved."""

    other_methods: dict[str, Proof] = {}


class Order(Record):
    """A certificate that there will be."""

    id: str = ""
    status: str = ""
    validation: Validation | None = None
    error: Fault | None = None


class Bundle(Record):
    """A certificate that there is."""

    leaf: str = msgspec.field(default="", name="certificate.crt")
    authorities: str = msgspec.field(default="", name="ca_bundle.crt")
    error: Fault | None = None


class API:
    """What one access key may do. Every method raises `IssueError`."""

    def __init__(self, access_key: str, endpoint: str = ENDPOINT) -> None:
        self._key = access_key
        self._endpoint = endpoint

    async def create(self, names: tuple[str, ...], csr: bytes, days: int) -> Order:
        """Order a certificate; what is answered says how its names are to be proved."""
        fields: dict[str, Any] = {
            "certificate_domains": ",".join(names),
            "certificate_csr": _pem(csr),
            "strict_domains": 1,
        }
        if days:
            fields["certificate_validity_days"] = days
        return self._order(await self._ask("POST", "/certificates", fields))

    async def verify(self, order: Order, method: str) -> Order:
        """Have all names checked."""
        place = f"/certificates/{order.id}/challenges"
        return self._order(await self._ask("POST", place, {"validation_method": method}))

    async def look(self, order: Order) -> tuple[Order, dict[str, Any]]:
        """Return how an order stands, and all that is said of it."""
        body = await self._ask("GET", f"/certificates/{order.id}")
        said = _decoded(body, dict[str, Any])
        return self._order(body), said

    async def download(self, order: Order) -> str:
        """Return the chain of an issued certificate, in PEM."""
        body = await self._ask("GET", f"/certificates/{order.id}/download/return")
        bundle = _decoded(body, Bundle)
        if bundle.error is not None or not bundle.leaf:
            raise _failure(bundle.error)
        return f"{bundle.leaf.strip()}\n{bundle.authorities.strip()}\n".rstrip() + "\n"

    async def cancel(self, order: Order) -> None:
        """Give up an order."""
        await self._ask("POST", f"/certificates/{order.id}/cancel", {})

    def _order(self, body: bytes) -> Order:
        order: Order = _decoded(body, Order)
        if order.error is not None:
            raise _failure(order.error)
        if not _ID.fullmatch(order.id):
            raise IssueError(f"ZeroSSL answers with no certificate: {_shown(body)}")
        return order

    async def _ask(self, method: str, path: str, fields: Mapping[str, Any] | None = None) -> bytes:
        url = f"{self._endpoint}{path}?{urlencode({'access_key': self._key})}"
        json = {"Content-Type": "application/json"} if fields is not None else {}
        body = msgspec.json.encode(fields) if fields is not None else None
        try:
            answer = await fetch(
                url, method=method, fields=json, body=body, within=_TIMEOUT, most=_MOST
            )
        except FetchError as error:
            raise IssueError(f"ZeroSSL: {error}") from None
        return answer.body


def _decoded(body: bytes, kind: Any) -> Any:  # noqa: ANN401  (what it is asked for)
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError):
        raise IssueError(
            f"ZeroSSL answers with what is none of its answers: {_shown(body)}"
        ) from None


def _failure(fault: Fault | None) -> IssueError:
    if fault is None:
        return IssueError("ZeroSSL answers with no certificate")
    details = f": {_shown(bytes(fault.details))}" if fault.details else ""
    return IssueError(
        f"ZeroSSL answers {_shown(fault.type.encode())} ({fault.code}){details}",
        lasting=fault.code in _LASTING,
    )


def _shown(body: bytes) -> str:
    text = body[:_SHOWN].decode("utf-8", "replace")
    return "".join(each if each.isprintable() else " " for each in text).strip() or "nothing"


def _pem(csr: bytes) -> str:
    text = base64.encodebytes(csr).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"
