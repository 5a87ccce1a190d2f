"""Forwarding: the header of a request as an upstream gets it, and of a response as a client does.

Fields of one connection do not go on to the next (RFC 9110 §7.6.1), but a client cannot have
fields removed by naming them that say who it is: those are set after. `X-Forwarded-*` tell
what is known here, and what the client says of itself only when it is a trusted proxy.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Collection, Sequence
from os import urandom

from snake.http.ip_ranges import Within
from snake.http.request import Request
from snake.http.trusted_proxies import peer_ip
from snake.proxy.contract import Field
from snake.transport.asgi import CLIENT, Client

HOP_BY_HOP = frozenset(
    {
        b"alt-svc",
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_FORWARDED = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
_DROPPED = HOP_BY_HOP | frozenset({b"content-length", *_FORWARDED})
_TRAILERS = (b"te", b"trailers")
_KEY, _KEY_BYTES = b"sec-websocket-key", 16
"""What an HTTP/1.1 upstream proves with that it speaks WebSocket (RFC 6455 §4.1)."""
_PSEUDONYM = "snake"
_VIA = {
    version: (b"via", f"{version if '.' in version else version + '.0'} {_PSEUDONYM}".encode())
    for version in ("1.0", "1.1", "2", "2.0", "3", "3.0")
}


def trusting(within: Within | None) -> Callable[[Request], bool]:
    """Return whether the client of a request is a proxy that is believed."""
    if within is None:
        return lambda request: request.is_trusted_proxy
    return lambda request: request.is_trusted_proxy or within(peer_ip(request.scope))


def client_of(request: Request) -> Client | None:
    """Return the client of a request, where it can do more than ASGI says."""
    client: Client | None = (request.scope.get("extensions") or {}).get(CLIENT)
    return client


def via(version: str) -> Field:
    """Return the field that says that a message of this version came by here."""
    return _VIA[version]


def upgrade_of(request: Request) -> bytes:
    """Return the protocol that a client wants to change to, in lower case; nothing for none.

    To HTTP/2 without encryption nobody changes this way any more (RFC 9113 §3.1); upstreams that
    still do would get requests that were not looked at here. A WebSocket over HTTP/2 is asked for
    by an extended CONNECT (RFC 8441), of an upstream by a change as any.
    """
    fields = request.headers
    if request.scope.get("http_version", "1.1") != "1.1":
        return b"websocket" if request.scope["type"] == "websocket" else b""
    if not any(name == b"upgrade" for name, _ in fields) or b"upgrade" not in _connection_options(
        fields
    ):
        return b""
    upgrade = next(value.lower() for name, value in fields if name == b"upgrade")
    return b"" if b"h2c" in upgrade else upgrade


def _connection_options(fields: Sequence[Field]) -> list[bytes]:
    options = b",".join([value for name, value in fields if name == b"connection"])
    return [option.strip(b" \t") for option in options.lower().split(b",")]


def request_fields(request: Request, *, trusted: bool) -> list[Field]:
    """Return the fields that go on to an upstream; `trusted` says that the client is a proxy."""
    given = request.headers
    values = dict(given)
    fields = [field for field in given if field[0] not in _DROPPED]
    named: Collection[bytes] = ()
    if b"connection" in values:
        named = set(_connection_options(given)) - {b"host"}
        fields = [field for field in fields if field[0] not in named]
    if b"te" in values and b"te" not in named and _asks_for_trailers(given):
        fields.append(_TRAILERS)
    if values.get(b"user-agent") == b"":
        fields = [field for field in fields if field[0] != b"user-agent"]
    if b"trailer" in values and b"transfer-encoding" in values:
        fields += [field for field in given if field[0] == b"trailer"]
    fields += _forwarded(request, given, trusted=trusted)
    version = request.scope.get("http_version", "1.1")
    fields.append(_VIA[version])
    if request.scope["type"] == "websocket" and version != "1.1":
        # The client has none (RFC 8441 §5), and its server is the one that checks the answer to it.
        key = b64encode(urandom(_KEY_BYTES))
        fields = [field for field in fields if field[0] != _KEY] + [(_KEY, key)]
    return fields


def _asks_for_trailers(fields: Sequence[Field]) -> bool:
    return any(
        option.strip(b" \t") == b"trailers"
        for name, value in fields
        if name == b"te"
        for option in value.lower().split(b",")
    )


def _forwarded(request: Request, given: Sequence[Field], *, trusted: bool) -> list[Field]:
    scope = request.scope
    client = scope.get("client")
    if client is None and not trusted:
        return []
    address = client[0].partition("%")[0].encode("latin-1", "replace") if client else b""
    proto = b"https" if scope.get("scheme") in ("https", "wss") else b"http"
    host = request.hostport.encode("utf-8", "surrogateescape")
    if trusted:
        said = [value for name, value in given if name == _FORWARDED[0]]
        address = b", ".join([*said, address] if address else said) if any(said) else address
        last = dict(given)
        proto = last.get(_FORWARDED[1]) or proto
        host = last.get(_FORWARDED[2]) or host
    return [
        *([(_FORWARDED[0], address)] if address else []),
        (_FORWARDED[1], proto),
        (_FORWARDED[2], host),
    ]


def response_fields(fields: Sequence[Field]) -> list[Field]:
    """Return the fields of a response that go on to the client."""
    names = {name for name, _ in fields}
    if HOP_BY_HOP.isdisjoint(names):
        return list(fields)
    dropped = HOP_BY_HOP
    if b"connection" in names:
        dropped = dropped.union(_connection_options(fields))
    return [field for field in fields if field[0] not in dropped]
