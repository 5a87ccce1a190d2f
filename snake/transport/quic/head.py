"""RequestHead: the head of a request over HTTP/3, checked (RFC 9114 §4.3.1)."""

from __future__ import annotations

import re
from typing import Any

from snake.transport.asgi import CLIENT, TARGET, Client, Scope, decode_path
from snake.transport.names import TOKEN, RequestNames
from snake.transport.quic.http3 import Fields
from snake.transport.refusal import RefusedError
from snake.transport.settings import Settings
from snake.transport.target import check_host, check_path, quote_path

_PSEUDO = frozenset({b":method", b":scheme", b":authority", b":path"})
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
"""A token in lower case (RFC 9114 §4.2)."""
_BAD_VALUE = re.compile(rb"[\0\r\n]|\A[ \t]|[ \t]\Z")
_TARGET = re.compile(rb"[^\x00-\x20\x7f]+")
_CONNECTION_FIELDS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
_NO_TRAILER = _CONNECTION_FIELDS | {b"content-length", b"host", b"trailer"}
"""Fields that cannot come when all is over (RFC 9110 §6.5.1)."""
_LARGEST = 2**63 - 1
_LONGEST_LENGTH = 19
_LONGEST_METHOD = 32
_OVERHEAD = 4
"""Bytes of a field beside name and value, as HTTP/1.1 would have it."""
_VERSIONS = {"version": "3.0", "spec_version": "2.5"}
_NOTHING: dict[str, Any] = {}


class MalformedError(Exception):
    """A request that is none (H3_MESSAGE_ERROR)."""


class RequestHead:
    """What a client asks for."""

    def __init__(self, fields: Fields) -> None:
        """Take a request apart. Raises `MalformedError`."""
        self.fields: Fields = []
        self.length: int | None = None
        """Bytes of the body, if the client has said so."""
        self.expects = False
        """Whether the client waits for a `100 Continue` before it sends the body."""
        self._is_past = False
        pseudo: dict[bytes, bytes] = {}
        for name, value in fields:
            if _BAD_VALUE.search(value):
                raise MalformedError("a value that holds CR, LF or NUL, or begins with space")
            if name[:1] != b":":
                self._take(name, value)
            elif name not in _PSEUDO or name in pseudo or self._is_past:
                raise MalformedError(f"{name!r} twice, late or unknown")
            else:
                pseudo[name] = value
        self.method = pseudo.get(b":method", b"")
        self.authority = pseudo.get(b":authority")
        self.target = pseudo.get(b":path", b"")
        scheme = pseudo.get(b":scheme", b"").lower()
        if not TOKEN.fullmatch(self.method):
            raise MalformedError("a method is missing")
        if self.method != b"CONNECT" and not (scheme in (b"https", b"http") and self.target):
            raise MalformedError("a scheme or a path is missing")

    def _take(self, name: bytes, value: bytes) -> None:
        self._is_past = True
        if not _NAME.fullmatch(name):
            raise MalformedError(f"{name!r} is no name of a field")
        if name in _CONNECTION_FIELDS or (name == b"te" and value.lower() != b"trailers"):
            raise MalformedError(f"{name!r} speaks of a connection")
        if name == b"content-length":
            self._take_length(value)
        if name == b"expect":  # it is between a client and its next server
            self.expects = value.lower() == b"100-continue"
        else:
            self.fields.append((name, value))

    def _take_length(self, value: bytes) -> None:
        if not value.isdigit() or len(value) > _LONGEST_LENGTH or int(value) > _LARGEST:
            raise MalformedError("a length that is no number")
        if self.length is not None:
            raise MalformedError("two lengths")
        self.length = int(value)

    @property
    def head_only(self) -> bool:
        """Whether the answer has no body."""
        return self.method == b"HEAD"

    def scope(self, names: RequestNames, settings: Settings, client: Client) -> Scope:
        """Return the scope of the request, as far as the connection has no part in it.

        Raises `RefusedError` for what is no request of ours.
        """
        self._check_size(settings)
        target = quote_path(self.target)
        is_path = target.startswith(b"/") and _TARGET.fullmatch(target)
        if not is_path and (target, self.method) != (b"*", b"OPTIONS"):
            raise RefusedError(400)
        raw_path, mark, query = target.partition(b"?")
        check_path(raw_path)
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": _VERSIONS,
            "http_version": "3",
            "method": self.method.decode(),
            "scheme": "https",
            "path": decode_path(raw_path),
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": self._headers(names),
            "extensions": {
                "http.response.pathsend": _NOTHING,
                "http.response.trailers": _NOTHING,
                "http.response.early_hint": _NOTHING,
                CLIENT: client,
            },
        }
        if mark and not query:
            scope[TARGET] = target
        return scope

    def _check_size(self, settings: Settings) -> None:
        if self.method == b"CONNECT" or len(self.method) > _LONGEST_METHOD:
            raise RefusedError(405)
        if len(self.target) > settings.max_target_bytes:
            raise RefusedError(414)
        size = sum(len(name) + len(value) + _OVERHEAD for name, value in self.fields)
        if size + len(self.target) > settings.max_header_bytes:
            raise RefusedError(431)
        if len(self.fields) > settings.max_header_count:
            raise RefusedError(431)

    def _headers(self, names: RequestNames) -> Fields:
        """Return the fields that the app sees: one host, one cookie, no doubtful names."""
        hosts = {value for name, value in self.fields if name == b"host"}
        if self.authority is not None:
            hosts.add(self.authority)
        if len(hosts) != 1:
            raise RefusedError(400)
        (host,) = hosts
        check_host(host)
        headers = [(b"host", host)]
        cookies = []
        for name, value in self.fields:
            known = names[name]
            if name == b"cookie":
                cookies.append(value)  # clients may split them (RFC 9114 §4.2.1)
            elif known and name != b"host":
                headers.append((known, value))
        if cookies:
            headers.append((b"cookie", b"; ".join(cookies)))
        return headers


def checked_trailers(fields: Fields) -> Fields:
    """Return the fields after a body. Raises `MalformedError`."""
    for name, value in fields:
        if not _NAME.fullmatch(name) or name in _NO_TRAILER or _BAD_VALUE.search(value):
            raise MalformedError(f"{name!r} is no field of a trailer")
    return fields
