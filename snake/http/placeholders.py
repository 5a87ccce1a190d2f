"""Placeholders: what `{http.request.host}` and its like stand for.

`lookup` turns a name into a function from a request to a value, once, when the
configuration is loaded. The names are Caddy's:
https://caddyserver.com/docs/json/apps/http/#docs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

from snake.core.numbers import NumberError, integer
from snake.core.surroundings import surrounding
from snake.core.units import MILLISECOND, SECOND, Span
from snake.http import peers
from snake.http.cookies import find_cookie
from snake.http.errors import HandlerError, PlainError, status_text
from snake.http.null import NULL, Null
from snake.http.parameters import parse_query
from snake.http.peers import requested_host, requested_port
from snake.http.request import Request
from snake.http.shutdown import SHUTDOWN
from snake.http.uri_parts import directory, extension, file, segment, stem

Getter = Callable[[Request], Any]
"""The value for one request. `None` means that this request does not know the name."""


def lookup(key: str) -> Getter | None:
    """Return the getter of a placeholder, or `None` when nothing has that name."""
    if getter := _EXACT.get(key):
        return getter
    for prefix, make in _PREFIXES:
        if key.startswith(prefix):
            return make(key[len(prefix) :])
    get = surrounding(key)
    if get is not None:
        return lambda _: get()
    return _set_value(key) if may_be_set(key) else None


def may_be_set(name: str) -> bool:
    """Whether a handler may give a placeholder this name.

    Other text in braces stays as it is: JSON, CSS, and what else a body is made of.
    """
    return _NAME.fullmatch(name) is not None


_NAME = re.compile(r"""[^\s"'`\\:;,<>(){}\[\]]+""")


def _proto(request: Request) -> str:
    version = request.scope.get("http_version", "1.1")
    return f"HTTP/{version}" if "." in version else f"HTTP/{version}.0"


def _proto_name(request: Request) -> str:
    return f"HTTP/{request.scope.get('http_version', '1.1')}"


def _text(raw: bytes) -> str:
    """Decode what came over the wire; bytes that are not UTF-8 are kept as surrogates."""
    return raw.decode("utf-8", "surrogateescape")


def _prefixed(query: bytes) -> str:
    return f"?{_text(query)}" if query else ""


def _uuid(request: Request) -> str:
    value = request.variable("uuid")
    if value is None:
        value = request.vars["uuid"] = str(uuid4())
        request.log_field("uuid", value)
    return str(value)


def _original(part: Callable[[str, str, str, str], Any]) -> Getter:
    """Make a getter of the request line as it came: method, encoded path, query, path."""

    def get(request: Request) -> Any:  # noqa: ANN401
        line = request.original
        if line is None:
            return part(
                request.method,
                _text(request.raw_path),
                _text(request.query),
                request.path,
            )
        return part(line.method, _text(line.raw_path), _text(line.query), line.path)

    return get


def _query(name: str) -> Getter:
    return lambda request: ",".join(parse_query(_text(request.query)).get(name, ()))


def _header(name: str) -> Getter:
    field = name.lower().encode("latin-1", "replace")
    if field == b"host":
        # In Go the Host is no header: the placeholders for it are {host} and {hostport}.
        return lambda _: ""
    return lambda request: ",".join(
        [_text(value) for key, value in request.headers if key == field]
    )


def _cookie(name: str) -> Getter:
    return lambda request: find_cookie(request.headers, name) or ""


def _label(index: str) -> Getter | None:
    number = _index(index)
    if number is None:
        return None

    def get(request: Request) -> str:
        labels = requested_host(request).lower().split(".")
        return labels[-1 - number] if number < len(labels) else ""

    return get


def _segment(path_of: Callable[[Request], str]) -> Callable[[str], Getter | None]:
    def make(index: str) -> Getter | None:
        number = _index(index)
        return None if number is None else lambda request: segment(path_of(request), number)

    return make


def _index(text: str) -> int | None:
    """Read a number as `strconv.Atoi`; `None` for what is none, or is below 0."""
    try:
        number = integer(text)
    except NumberError:
        return None
    return number if number >= 0 else None


def _set_value(key: str) -> Getter:
    """Make the getter of what a matcher or a handler may set: known only when it was."""

    def get(request: Request) -> Any:  # noqa: ANN401
        value = request.values.get(key) if request.values else None
        return value(request) if callable(value) else value

    return get


def _proxied(name: str) -> Getter:
    """What a proxy tells of the request that it passes on: nothing before there is one."""
    return lambda request: request.proxied.value(name) if request.proxied is not None else None


def _variable(name: str) -> Getter:
    if name in _KNOWN_VARIABLES:
        return _KNOWN_VARIABLES[name]

    def get(request: Request) -> Any:  # noqa: ANN401
        value = request.variable(name)
        return NULL if value is None else value

    return get


_KNOWN_VARIABLES: dict[str, Getter] = {
    "client_ip": lambda request: request.client_ip,
    "trusted_proxy": lambda request: request.is_trusted_proxy,
}
"""Variables that each request has, computed when they are asked for."""


def _response_header(name: str) -> Getter:
    field = name.lower().encode("latin-1", "replace")

    def get(request: Request) -> str:
        fields = request.early or request.sent or ()
        return ",".join(_text(value) for key, value in fields if key == field)

    return get


def _error(part: Callable[[HandlerError], Any]) -> Getter:
    def get(request: Request) -> Any:  # noqa: ANN401
        error = request.error
        if not isinstance(error, HandlerError) or isinstance(error, PlainError):
            return None
        return part(error)

    return get


def _whole_error(request: Request) -> str | None:
    error = request.error
    if not isinstance(error, HandlerError):
        return None
    if isinstance(error, PlainError):
        return error.message
    return f"{{id={error.id}}} {error.trace}: HTTP {error.status}: {error.message}"


def _escaped(part: Callable[[Request], str]) -> Getter:
    return lambda request: quote_plus(part(request), safe="-_.~", errors="surrogateescape")


def _elapsed(request: Request) -> Span:
    return Span((time.perf_counter() - request.started) * SECOND)


def _until_shutdown(_: Request) -> Span | Null:
    left = SHUTDOWN.seconds_left
    return NULL if left is None else Span(left * SECOND)


def _tls(name: str) -> Getter | None:
    # Few sites ask, and what reads certificates takes a while to load.
    from snake.http.tls_placeholders import lookup as of_tls  # noqa: PLC0415

    return of_tls(name)


_EXACT: dict[str, Getter] = {
    "http.request.method": lambda r: r.method,
    "http.request.scheme": lambda r: "https" if r.is_secure else "http",
    "http.request.proto": _proto,
    "http.request.proto_name": _proto_name,
    "http.request.host": requested_host,
    "http.request.port": requested_port,
    "http.request.hostport": lambda r: r.hostport,
    "http.request.local": peers.address("server"),
    "http.request.local.host": peers.host("server"),
    "http.request.local.port": peers.port("server"),
    "http.request.remote": peers.address("client"),
    "http.request.remote.host": peers.host("client"),
    "http.request.remote.port": peers.port("client"),
    "http.request.uri": lambda r: r.uri,
    "http.request.uri_escaped": _escaped(lambda r: r.uri),
    "http.request.uri.path": lambda r: r.path,
    "http.request.uri.path_escaped": _escaped(lambda r: r.path),
    "http.request.uri.path.dir": lambda r: directory(r.path),
    "http.request.uri.path.file": lambda r: file(r.path),
    "http.request.uri.path.file.base": lambda r: stem(r.path),
    "http.request.uri.path.file.ext": lambda r: extension(r.path),
    "http.request.uri.query": lambda r: _text(r.query),
    "http.request.uri.query_escaped": _escaped(lambda r: _text(r.query)),
    "http.request.uri.prefixed_query": lambda r: _prefixed(r.query),
    "http.request.body": lambda r: r.body.text if r.body is not None else "",
    "http.request.body_base64": lambda r: r.body.base64 if r.body is not None else "",
    "http.request.duration": _elapsed,
    "http.request.duration_ms": lambda r: _elapsed(r) / MILLISECOND,
    "http.request.uuid": _uuid,
    "http.request.orig_method": _original(lambda method, *_: method),
    "http.request.orig_uri": lambda r: r.target,
    "http.request.orig_uri.path": _original(lambda *line: line[3]),
    "http.request.orig_uri.path.dir": _original(lambda *line: directory(line[3])),
    "http.request.orig_uri.path.file": _original(lambda *line: file(line[3])),
    "http.request.orig_uri.query": _original(lambda *line: line[2]),
    "http.request.orig_uri.prefixed_query": _original(lambda *line: line[2] and f"?{line[2]}"),
    "http.shutting_down": lambda _: SHUTDOWN.is_announced,
    "http.time_until_shutdown": _until_shutdown,
    "http.error": _whole_error,
    "http.error.status_code": _error(lambda e: e.status),
    "http.error.status_text": _error(lambda e: status_text(e.status)),
    "http.error.message": _error(lambda e: e.message),
    "http.error.id": _error(lambda e: e.id),
    "http.error.trace": _error(lambda e: e.trace),
}

_PREFIXES: tuple[tuple[str, Callable[[str], Getter | None]], ...] = (
    ("http.request.header.", _header),
    ("http.request.cookie.", _cookie),
    ("http.request.uri.query.", _query),
    ("http.request.uri.path.", _segment(lambda r: r.path)),
    ("http.request.orig_uri.path.", _segment(lambda r: r.original.path if r.original else r.path)),
    ("http.request.host.labels.", _label),
    ("http.request.remote.host/", peers.network),
    ("http.request.tls.", _tls),
    ("http.response.header.", _response_header),
    ("http.vars.", _variable),
    ("http.reverse_proxy.", _proxied),
)
