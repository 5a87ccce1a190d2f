"""The JSON of what stands in access records, kept where it is likely to be the same again.

A client on a connection says nearly the same of itself each time, and responses of one size
nearly all have the same headers. What is long is not kept, and what is kept is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from snake.app.environ import PROTOCOLS
from snake.http.fields import canonical as canonical_name
from snake.logs.app import Sink
from snake.logs.encoders import to_json
from snake.tls.secured import Secured

REDACTED = ["REDACTED"]
SECRET = frozenset({b"cookie", b"set-cookie", b"authorization", b"proxy-authorization"})

Client = tuple[str, int] | None
Field = tuple[bytes, bytes]
Asking = tuple[list[Field], str, Client, str, Secured | None]
"""Headers, method, the address, version of HTTP, encryption."""
Answering = tuple[int, Sequence[Field], bool]
"""Status, headers, and whether the server adds its own."""

SHORT = 200
"""Bytes from which on a value is not kept: it is hardly ever the same twice."""
_LONG_TEXT = 4096
_MOST = 4096
"""How many values are kept."""
_MOST_TEXTS = 1024


class Asked(NamedTuple):
    """What a client says of itself, and what follows from it for a record."""

    asking: Asking
    host: bytes
    sinks: tuple[Sink, ...]
    """Where the record goes, if no handler says something else."""
    before: bytes
    """What stands before the URI, and after the message."""
    around_address: tuple[bytes, bytes]
    """The same without the address of the client."""
    after: bytes
    """What stands between the URI and the duration, where there is no body and no user."""
    headers: bytes
    """What stands between the URI and the size of the body."""


class Texts:
    """The texts of one server: secrets are redacted, unless they are shown."""

    def __init__(
        self,
        *,
        show_secrets: bool,
        sinks: Callable[[bytes], tuple[Sink, ...] | None] = lambda _: None,
    ) -> None:
        self._hidden = frozenset() if show_secrets else SECRET
        self._sinks = sinks
        self._fields: dict[Field, bytes] = {}
        self.asked: dict[Client, Asked] = {}
        """By client: what it last said."""
        self.answered: dict[tuple[int, int], tuple[Answering, bytes]] = {}
        """By status and size: the last answer, and what stands behind the duration of it."""

    def ask(self, asking: Asking) -> Asked:
        """Make the texts of what a client says, and keep them."""
        headers, method, client, version, secured = asking
        address, port = client or ("", "")
        host = host_of(headers)
        rest = self._joined([field for field in headers if field[0] != b"host"])
        tls = b"" if secured is None else b',"tls":' + to_json(encryption(secured))
        peer = {"remote_ip": address, "remote_port": str(port)}
        line = {
            "proto": PROTOCOLS.get(version, "HTTP/1.1"),
            "method": method,
            "host": host.decode("utf-8", "surrogateescape"),
        }
        first = b',"request":{%b,"client_ip":' % _inside(peer)
        second = b',%b,"uri":' % _inside(line)
        written = b',"headers":{%b}%b},"bytes_read":' % (rest, tls)
        asked = Asked(
            (headers.copy(), *asking[1:]),  # handlers may change the list
            host,
            self._sinks(host) or (),
            first + to_json(address.partition("%")[0]) + second,
            (first, second),
            after_headers(written, 0, b'""'),
            written,
        )
        if len(second) + len(written) < _LONG_TEXT:
            if len(self.asked) >= _MOST_TEXTS:
                self.asked.clear()
            self.asked[client] = asked
        return asked

    def answer(self, answering: Answering, size: int) -> tuple[Answering, bytes]:
        """Make the text of a response, and keep it."""
        status, headers, adds_server = answering
        fields = [(name, value) for name, value in headers]
        # An app may change its list later.
        kept = headers.copy() if isinstance(headers, list) else headers
        if adds_server and not any(name == b"server" for name, _ in fields):
            fields.insert(0, (b"server", b"snake"))
        written = self._joined(fields)
        text = b',"size":%d,"status":%d,"resp_headers":{%b}}\n' % (size, status, written)
        answered = (status, kept, adds_server), text
        if len(text) < _LONG_TEXT:
            if len(self.answered) >= _MOST_TEXTS:
                self.answered.clear()
            self.answered[status, size] = answered
        return answered

    def _joined(self, fields: list[Field]) -> bytes:
        if len(dict(fields)) < len(fields):
            return _inside(self.readable(fields))
        return b",".join([self._fields.get(field) or self._field(field) for field in fields])

    def _field(self, field: Field) -> bytes:
        name, value = field
        text = _inside(self.readable([field]))
        if len(value) < SHORT and name not in self._hidden:
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


def after_headers(headers: bytes, read: int, user: bytes) -> bytes:
    """Return what stands between the URI and the duration."""
    return b'%b%d,"user_id":%b,"duration":' % (headers, read, user)


def host_of(headers: Sequence[Field]) -> bytes:
    """Return the Host header as sent."""
    if headers and headers[0][0] == b"host":
        return headers[0][1]
    return next((value for name, value in headers if name == b"host"), b"")


def written(data: bytes) -> bytes:
    """Return the JSON of a text."""
    return to_json(data.decode("utf-8", "surrogateescape"))


short = lru_cache(maxsize=_MOST)(written)
"""Does the same for what is below `SHORT`, which comes again."""


def _inside(value: object) -> bytes:
    """Return the JSON of a mapping without its braces."""
    return to_json(value)[1:-1]


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
