"""The JSON of what stands in access records, kept where it is likely to be the same again.

A client on a connection says nearly the same of itself each time, and responses of one size
nearly all have the same headers. What is long is not kept, and what is kept is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from snake.app.environ import PROTOCOLS
from snake.http.fields import canonical as canonical_name
from snake.logs.encoders import to_json
from snake.tls.secured import Secured

REDACTED = ["REDACTED"]
SECRET = frozenset({b"cookie", b"set-cookie", b"authorization", b"proxy-authorization"})

Client = tuple[str, int] | None
Field = tuple[bytes, bytes]
Asking = tuple[str, list[Field], str, Secured | None, str | None, Client]
"""Method, headers, version of HTTP, encryption, the address that proxies tell, the address."""
Answering = tuple[int, Sequence[Field], bool]
"""Status, headers, and whether the server adds its own."""

_LONG = 200
"""Bytes from which on a value is not kept: it is hardly ever the same twice."""
_LONG_TEXT = 4096
_MOST = 4096
"""How many values are kept."""
_MOST_TEXTS = 1024


class Kept:
    """What was last made for each of many keys, and of what."""

    def __init__(self, make: Callable[[Any], tuple[str, str]]) -> None:
        self._make = make
        self.last: dict[Hashable, tuple[Any, str, str]] = {}

    def made(self, key: Hashable, of: Any) -> tuple[Any, str, str]:  # noqa: ANN401
        """Make the texts, and keep them under the key."""
        first, second = self._make(of)
        if len(first) + len(second) < _LONG_TEXT:
            if len(self.last) >= _MOST_TEXTS:
                self.last.clear()
            # An app may change its list later, and would change what is kept.
            copied = tuple(list(each) if isinstance(each, list) else each for each in of)
            self.last[key] = (copied, first, second)
        return of, first, second


class Texts:
    """The texts of one server: secrets are redacted, unless they are shown."""

    def __init__(self, *, show_secrets: bool) -> None:
        self._hidden = frozenset() if show_secrets else SECRET
        self._fields: dict[Field, str] = {}
        self.asked = Kept(self._asked)
        """By client: what stands before the URI of a request, and after it."""
        self.answered = Kept(self._answered)
        """By status and size: the status and the headers."""

    def _asked(self, asking: Asking) -> tuple[str, str]:
        method, headers, version, secured, told, client = asking
        address, port = client or ("", "")
        before = {
            "remote_ip": address,
            "remote_port": str(port),
            "client_ip": address.partition("%")[0] if told is None else told,
            "proto": PROTOCOLS.get(version, "HTTP/1.1"),
            "method": method,
            "host": host_of(headers).decode("utf-8", "surrogateescape"),
        }
        rest = self._joined([field for field in headers if field[0] != b"host"])
        tls = "" if secured is None else f',"tls":{_text(encryption(secured))}'
        return f'"request":{{{_text(before)[1:-1]},"uri":', f',"headers":{{{rest}}}{tls}}},'

    def _answered(self, answering: Answering) -> tuple[str, str]:
        status, headers, adds_server = answering
        fields = [(name, value) for name, value in headers]
        if adds_server and not any(name == b"server" for name, _ in fields):
            fields.insert(0, (b"server", b"snake"))
        return f'"status":{status},"resp_headers":{{{self._joined(fields)}}}', ""

    def _joined(self, fields: list[Field]) -> str:
        if len(dict(fields)) < len(fields):
            return _text(self.readable(fields))[1:-1]
        return ",".join([self._fields.get(field) or self._field(field) for field in fields])

    def _field(self, field: Field) -> str:
        name, value = field
        text = _text(self.readable([field]))[1:-1]
        if len(value) < _LONG and name not in self._hidden:
            if len(self._fields) >= _MOST:
                self._fields.clear()
            self._fields[field] = text
        return text

    def readable(self, headers: Iterable[Field]) -> dict[str, list[str]]:
        """Return the values of each header, by its name."""
        fields: dict[str, list[str]] = {}
        for name, value in headers:
            if name in self._hidden:
                fields[canonical(name)] = REDACTED
            else:
                text = value.decode("utf-8", "surrogateescape")
                fields.setdefault(canonical(name), []).append(text)
        return fields


def host_of(headers: Sequence[Field]) -> bytes:
    """Return the Host header as sent."""
    if headers and headers[0][0] == b"host":
        return headers[0][1]
    return next((value for name, value in headers if name == b"host"), b"")


def written(data: bytes) -> str:
    """Return the JSON of a text."""
    return _short(data) if len(data) < _LONG else _written(data)


def _written(data: bytes) -> str:
    return _text(data.decode("utf-8", "surrogateescape"))


_short = lru_cache(maxsize=_MOST)(_written)


def _text(value: object) -> str:
    return to_json(value).decode()


def encryption(secured: Secured) -> dict[str, Any]:
    """Return what a record tells of a connection's TLS."""
    fields: dict[str, Any] = {
        "resumed": secured.resumed,
        "version": secured.version,
        "cipher_suite": secured.cipher_suite,
        "proto": secured.alpn,
        "server_name": secured.server_name,
        "ech": False,
    }
    if secured.peers:
        # Few servers ask for any, and what reads certificates takes a while to load.
        from snake.tls.peer_certificate import PeerCertificate  # noqa: PLC0415

        client = PeerCertificate.of(secured.peers[0])
        if client is not None:
            fields["client_common_name"] = client.common_name
            fields["client_serial"] = client.serial
    return fields


@lru_cache(maxsize=1024)
def canonical(name: bytes) -> str:
    """Write a header name as Go does: `user-agent` is `User-Agent`."""
    return canonical_name(name.decode("latin-1"))
