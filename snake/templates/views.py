"""Views: what templates see of a request, and the fields of the response that they change.

Each shows what its public attributes show, and nothing behind them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Protocol
from urllib.parse import parse_qs

from jinja2 import TemplateRuntimeError

from snake.http.fields import canonical
from snake.http.request import Request
from snake.http.response import Header

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token (RFC 9110, 5.6.2)."""


class Values:
    """Names that have values each, such as the fields of a header: `get` returns the first."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values

    def get(self, name: str) -> str:
        """Return the first value of a name; nothing if it has none."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> list[str]:
        """Return every value of a name."""
        return list(self._values.get(self._key(str(name)), ()))

    def names(self) -> list[str]:
        """Return every name."""
        return list(self._values)

    def __getitem__(self, name: str) -> str:
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        return self._key(str(name)) in self._values

    def _key(self, name: str) -> str:
        return name


class HeaderView(Values):
    """The fields of a request; names in any case."""

    __slots__ = ()

    def __init__(self, fields: Iterable[Header]) -> None:
        found: dict[str, list[str]] = {}
        for name, value in fields:
            if name != b"host":
                key = canonical(name.decode("latin-1"))
                found.setdefault(key, []).append(value.decode("utf-8", "surrogateescape"))
        super().__init__(found)

    def _key(self, name: str) -> str:
        return canonical(name)


class URLView:
    """A request's URI in its parts."""

    __slots__ = ("path", "rawQuery", "uri")

    def __init__(self, path: str, raw_path: bytes, query: bytes) -> None:
        self.path = path
        self.rawQuery = query.decode("utf-8", "surrogateescape")
        self.uri = raw_path.decode("utf-8", "surrogateescape") + (
            f"?{self.rawQuery}" if query else ""
        )

    @property
    def query(self) -> Values:
        """The values of the query."""
        return Values(
            parse_qs(
                self.rawQuery,
                keep_blank_values=True,
                max_num_fields=10_000,
                errors="surrogateescape",
            )
        )

    def __str__(self) -> str:
        return self.uri


class RequestView:
    """A request: `req` as it is now, `originalReq` as it came."""

    __slots__ = ("_request", "host", "method", "proto", "remoteAddr", "requestURI", "url")

    def __init__(self, request: Request, *, original: bool = False) -> None:
        self._request = request
        line = request.original
        current = URLView(request.path, request.raw_path, request.query)
        first = URLView(line.path, line.raw_path, line.query) if line else current
        self.url = first if original else current
        self.method = line.method if line and original else request.method
        self.requestURI = first.uri
        self.host = request.hostport
        self.proto = f"HTTP/{request.scope.get('http_version', '1.1')}"
        self.remoteAddr = _address(*(request.scope.get("client") or ("", None)))

    @property
    def header(self) -> HeaderView:
        """The header fields, without Host."""
        return HeaderView(self._request.headers)


def _address(host: str, port: int | None) -> str:
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Response(Protocol):
    """What has the fields of a response."""

    headers: list[Header]


class ResponseHeader:
    """The fields of the response."""

    __slots__ = ("_response",)

    def __init__(self, response: Response) -> None:
        self._response = response

    def get(self, name: str) -> str:
        """Return the first value of a field; nothing if there is none."""
        field = _field(name)
        found = (value for key, value in self._response.headers if key == field)
        return next(found, b"").decode("utf-8", "surrogateescape")

    def add(self, name: str, value: object) -> str:
        """Add a field, beside what is there. It writes nothing, as the others do."""
        self._response.headers = [*self._response.headers, (_field(name), _value(value))]
        return ""

    def set(self, name: str, value: object) -> str:
        """Set a field, in the place of what is there."""
        self.delete(name)
        return self.add(name, value)

    def delete(self, name: str) -> str:
        """Delete a field; in a template, `del` is the same."""
        field = _field(name)
        self._response.headers = [pair for pair in self._response.headers if pair[0] != field]
        return ""

    def __getitem__(self, name: str) -> Callable[[str], str]:
        if name == "del":
            return self.delete
        raise KeyError(name)


def _field(name: object) -> bytes:
    if not _NAME.fullmatch(str(name)):
        raise TemplateRuntimeError(f"{name!r} is no name of a header field")
    return str(name).lower().encode()


def _value(value: object) -> bytes:
    # As Go writes a field: what would end it is a space.
    text = str(value).replace("\r", " ").replace("\n", " ").replace("\0", " ")
    return text.encode("utf-8", "surrogateescape")
