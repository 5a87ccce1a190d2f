"""The head of a request over HTTP/2 and HTTP/3: from its fields to the scope of an app.

What the libraries below check differs, and is less than HTTP/1.1 is held to here (`head.py`). So
all that comes of either protocol is looked at once more: pseudo-fields (RFC 9113 §8.3.1), host and
path by the rules of `target.py`, names by those of `names.py`, number and size of the fields.
"""

from __future__ import annotations

import re
from typing import Any

from snake.core.record import Record
from snake.transport.asgi import CLIENT, TARGET, Client, Scope, decode_path
from snake.transport.chunks import NOT_AS_TRAILER
from snake.transport.fields import CONNECTION_FIELDS
from snake.transport.head import LONGEST_METHOD
from snake.transport.names import TOKEN, RequestNames
from snake.transport.refusal import RefusedError
from snake.transport.settings import Settings
from snake.transport.target import check_host, check_path, quote_path

_VERSIONS = {"version": "3.0", "spec_version": "2.5"}
"""Of ASGI, as every scope has them."""
_NOTHING: dict[str, Any] = {}
_EXTENSIONS = {
    "http.response.pathsend": _NOTHING,
    "http.response.trailers": _NOTHING,
    "http.response.early_hint": _NOTHING,
}
_DENIAL = {"websocket.http.response": _NOTHING}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SCHEMES = frozenset({"http", "https"})
_BAD_TARGET = re.compile(rb"[\x00-\x1f\x7f]")
_SPECIAL = frozenset({b"host", b"cookie", b"expect", b"content-length", b"te"})
_PASSED_ON = frozenset({b"content-length", b"te"})
_OFFERS = frozenset({b"sec-websocket-protocol", b"sec-websocket-extensions"})
_FIELD_COST = 32
"""What a field counts beside its bytes (RFC 9113 §6.5.2)."""
_PERCENT = ord("%")
_MOST_HOSTS = 1024
_MOST_KNOWN = 128
_LONGEST_KEPT = 2048

Address = tuple[str, int | None] | None
Fields = list[tuple[bytes, bytes]]


class MalformedError(Exception):
    """What a client sent is no request; its stream is to end with PROTOCOL_ERROR."""


class Head(Record):
    """The head of a request as its protocol gives it."""

    version: str
    """`2` or `3`."""
    method: str | None
    scheme: str | None
    authority: str | None
    path: str | None
    fields: Fields

    @property
    def is_websocket(self) -> bool:
        """Whether this asks for a WebSocket (RFC 8441 §5, RFC 9220)."""
        return self.method == "CONNECT" and self.path is not None and self.scheme is not None


class ScopeReader:
    """Makes scopes of heads, for all connections of a listener."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = RequestNames(settings)
        self._hosts: set[bytes] = set()
        self._known: dict[tuple[str | None, tuple[tuple[bytes, bytes], ...]], Fields] = {}
        self.expects = False
        """Whether the client of the last scope waits for a `100 Continue`."""

    def scope(self, head: Head, peer: Address, local: Address, client: Client) -> Scope:
        """Return the scope of a request; its scheme is what the client says it is.

        Raises `MalformedError`, or `RefusedError` for what gets an answer.
        """
        self.expects = False
        method, target = self._request_line(head)
        headers = self._headers(head)
        raw_path, mark, query = target.partition(b"?")
        path = raw_path.decode() if _PERCENT not in raw_path else self._decode(raw_path)
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": _VERSIONS,
            "http_version": head.version,
            "method": method,
            "scheme": head.scheme,
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": headers,
            "client": peer,
            "server": local,
            "extensions": {**_EXTENSIONS, CLIENT: client},
        }
        if mark and not query:
            scope[TARGET] = target
        return scope

    def websocket_scope(self, head: Head, peer: Address, local: Address, client: Client) -> Scope:
        """Return the scope of a WebSocket. Raises as `scope` does.

        A CONNECT is no tunnel to anywhere here. Nor is every extended one for a WebSocket; but
        the engine of HTTP/2 does not tell `:protocol`, so it is known by what only those have.
        """
        if not head.is_websocket:
            raise RefusedError(405)
        scope = self.scope(head, peer, local, client)
        if (b"sec-websocket-version", b"13") not in scope["headers"]:
            raise RefusedError(501)
        offered = [value for name, value in scope["headers"] if name in _OFFERS]
        if not all(value.isascii() for value in offered):
            raise RefusedError(400)
        del scope["method"]
        scope["type"] = "websocket"
        scope["extensions"] = {**_DENIAL, CLIENT: client}
        offers = [value for name, value in scope["headers"] if name == b"sec-websocket-protocol"]
        words = b",".join(offers).decode().split(",")
        scope["subprotocols"] = [word.strip() for word in words if word.strip()]
        return scope

    def _decode(self, raw_path: bytes) -> str:
        check_path(raw_path)
        return decode_path(raw_path)

    def _request_line(self, head: Head) -> tuple[str, bytes]:
        """Return method and target."""
        method, path = head.method, head.path
        if not method:
            raise MalformedError
        if method not in _METHODS:
            if not TOKEN.fullmatch(method.encode()):
                raise MalformedError
            if len(method) > LONGEST_METHOD or (method == "CONNECT" and not head.is_websocket):
                raise RefusedError(405)
        if not path or head.scheme not in _SCHEMES:
            raise MalformedError
        target = path.encode()
        if len(target) > self._settings.max_target_bytes:
            raise RefusedError(414)
        if _BAD_TARGET.search(target):
            raise RefusedError(400)
        if not path.isascii():
            target = quote_path(target)
        if not target.startswith(b"/") and not (target == b"*" and method == "OPTIONS"):
            raise RefusedError(400)
        return method, target

    def _headers(self, head: Head) -> Fields:
        """Return the fields that an app is to see.

        They are known when they come again, as in HTTP/1.1: a client mostly sends the same.
        """
        key = head.authority, tuple(head.fields)
        known = self._known.get(key)
        if known is not None:
            return known.copy()
        headers, host, size = self._read(head.fields)
        headers.insert(0, (b"host", self._host(head.authority, host)))
        if size <= _LONGEST_KEPT and not self.expects:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = headers.copy()
        return headers

    def _read(self, fields: Fields) -> tuple[Fields, bytes | None, int]:
        """Return the fields without Host, that, and the size of all."""
        names = self._names
        headers: Fields = []
        special: Fields = []
        size = count = 0
        for name, value in fields:
            count += 1
            size += len(name) + len(value) + _FIELD_COST
            key = names[name]
            if key in _SPECIAL:
                special.append((key, value))
            elif key:
                headers.append((key, value))
        settings = self._settings
        if size > settings.max_header_bytes or count > settings.max_header_count:
            raise RefusedError(431)
        return headers, self._read_special(special, headers) if special else None, size

    def _read_special(self, special: Fields, headers: Fields) -> bytes | None:
        """Return the Host, and add to `headers` what of these is passed on."""
        values = dict(special)
        names = [name for name, _ in special]
        if names.count(b"host") > 1:
            raise RefusedError(400)
        if names.count(b"content-length") > 1 or values.get(b"te", b"trailers") != b"trailers":
            raise MalformedError
        self.expects = values.get(b"expect", b"").lower() == b"100-continue"
        headers += [field for field in special if field[0] in _PASSED_ON]
        cookies = [value for name, value in special if name == b"cookie"]
        if cookies:  # clients may split them (RFC 9113 §8.2.3)
            headers.append((b"cookie", b"; ".join(cookies)))
        return values.get(b"host")

    def _host(self, authority: str | None, host: bytes | None) -> bytes:
        """Return whom a request is for (RFC 9113 §8.3.1): one name, however often it is said."""
        if authority:
            named = authority.encode()
            if host is not None and host.lower() != named.lower():
                raise RefusedError(400)
        elif host:
            named = host
        else:
            raise RefusedError(400)
        if named not in self._hosts:
            check_host(named)
            if len(self._hosts) >= _MOST_HOSTS:
                self._hosts.clear()
            self._hosts.add(named)
        return named


def check_trailers(fields: Fields, settings: Settings) -> Fields:
    """Return the fields after a body. Raises `MalformedError` for what may not stand there."""
    size = sum(len(name) + len(value) + _FIELD_COST for name, value in fields)
    if size > settings.max_header_bytes or len(fields) > settings.max_header_count:
        raise MalformedError
    if any(name in NOT_AS_TRAILER or name in CONNECTION_FIELDS for name, _ in fields):
        raise MalformedError
    return fields
