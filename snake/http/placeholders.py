"""Placeholders: what `{http.request.host}` and its like stand for.

`lookup` turns a name into a function from a request to a value, once, when the
configuration is loaded. The names are Caddy's:
https://caddyserver.com/docs/json/apps/http/#docs.
"""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote_plus
from uuid import uuid4

from snake.core.surroundings import surrounding
from snake.core.units import SECOND, duration_text
from snake.http.errors import HandlerError, status_text
from snake.http.request import Request, split_port
from snake.http.shutdown import SHUTDOWN
from snake.http.uri import escaped_path

Getter = Callable[[Request], Any]
"""The value for one request. `None` means that this request does not know the name."""


class Null(str):
    """The value of a placeholder that is known and has none: empty as text, `null` in a log."""

    __slots__ = ()


NULL = Null()


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


def _remote(request: Request) -> str:
    return _join(request.scope.get("client"))


def _local(request: Request) -> str:
    return _join(request.scope.get("server"))


def _join(address: tuple[str, int | None] | None) -> str:
    if not address:
        return ""
    host, port = address[0], address[1]
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host_of(name: str) -> Getter:
    return lambda request: (request.scope.get(name) or ("", 0))[0]


def _port_of(name: str) -> Getter:
    def port(request: Request) -> str:
        address = request.scope.get(name)
        return str(address[1]) if address and address[1] is not None else ""

    return port


def _text(raw: bytes) -> str:
    """Decode what came over the wire; bytes that are not UTF-8 are kept as surrogates."""
    return raw.decode("utf-8", "surrogateescape")


def _prefixed(query: bytes) -> str:
    return f"?{_text(query)}" if query else ""


def _uri(request: Request) -> str:
    """Return path and query, the path in a valid encoding whatever the client sent."""
    query = _text(request.query)
    mark = "?" if query or request.has_bare_query else ""
    return f"{escaped_path(request)}{mark}{query}"


def _host(request: Request) -> str:
    """Return the Host field without its port; brackets are a part of it where there is none."""
    host, port = split_port(request.hostport)
    return host if port or request.hostport.endswith(":") else request.hostport


def _dir(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _file(path: str) -> str:
    return path[path.rfind("/") + 1 :]


def _stem(path: str) -> str:
    # Go's `path.Base` is the last part that is not empty, and a slash where there is none.
    name = posixpath.basename(path.rstrip("/")) or ("/" if path else ".")
    return name.removesuffix(_extension(path))


def _extension(path: str) -> str:
    name = _file(path)
    dot = name.rfind(".")
    return name[dot:] if dot >= 0 else ""


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
    def get(request: Request) -> str:
        text = _text(request.query)
        values = parse_qs(
            text, keep_blank_values=True, max_num_fields=10_000, errors="surrogateescape"
        ).get(name)
        return ",".join(values) if values else ""

    return get


def _header(name: str) -> Getter:
    field = name.lower().encode("latin-1", "replace")
    if field == b"host":
        # In Go the Host is no header: the placeholders for it are {host} and {hostport}.
        return lambda _: ""
    return lambda request: ",".join(
        [_text(value) for key, value in request.headers if key == field]
    )


def _cookie(name: str) -> Getter:
    wanted = name.lower()

    def get(request: Request) -> str:
        for key, line in request.headers:
            pairs = _text(line).split(";") if key == b"cookie" else ()
            for pair in pairs:
                cookie, _, value = pair.strip().partition("=")
                if cookie.lower() == wanted:
                    return _unquoted(value)
        return ""

    return get


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    from http.cookies import CookieError, SimpleCookie  # noqa: PLC0415  (slow, seldom needed)

    try:
        return SimpleCookie(f"x={value}")["x"].value
    except (CookieError, KeyError):
        return value


def _label(index: str) -> Getter | None:
    if not index.isdecimal():
        return None
    from_right = int(index)

    def get(request: Request) -> str:
        labels = _host(request).lower().split(".")
        return labels[-1 - from_right] if from_right < len(labels) else ""

    return get


def _segment(path_of: Callable[[Request], str]) -> Callable[[str], Getter | None]:
    def make(index: str) -> Getter | None:
        if not index.isdecimal():
            return None
        number = int(index)

        def get(request: Request) -> str:
            parts = path_of(request).removeprefix("/").split("/")
            return parts[number] if number < len(parts) else ""

        return get

    return make


def _masked(sizes: str) -> Getter | None:
    """`{http.request.remote.host/24,64}`: the client's network, by prefix lengths."""
    match = re.fullmatch(r"(\d{1,3})?(?:,(\d{1,3}))?", sizes)
    if not match:
        return None
    bits = {4: match[1], 6: match[2]}
    from ipaddress import ip_address, ip_network  # noqa: PLC0415  (slow, seldom needed)

    def get(request: Request) -> str:
        host = (request.scope.get("client") or ("", 0))[0].partition("%")[0]
        try:
            length = bits[ip_address(host).version]
            return str(ip_network(f"{host}/{length}", strict=False)) if length else ""
        except ValueError:
            return ""

    return get


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
        return "" if value is None else value

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
        return part(request.error) if isinstance(request.error, HandlerError) else None

    return get


def _escaped(part: Callable[[Request], str]) -> Getter:
    return lambda request: quote_plus(part(request), safe="-_.~", errors="surrogateescape")


def _until_shutdown() -> str:
    left = SHUTDOWN.seconds_left
    return "" if left is None else duration_text(int(left * SECOND))


def _elapsed(scale: float) -> Getter:
    return lambda request: (time.perf_counter() - request.started) * scale


_TLS = (
    *("cipher_suite", "ech", "proto", "proto_mutual", "resumed", "server_name", "version"),
    *("client.certificate_der_base64", "client.certificate_pem", "client.fingerprint"),
    *("client.issuer", "client.public_key", "client.public_key_sha256", "client.serial"),
    "client.subject",
)
"""What `{http.request.tls.*}` tells of a connection with TLS; without it each is empty."""

_EXACT: dict[str, Getter] = {
    "http.request.method": lambda r: r.method,
    "http.request.scheme": lambda r: r.scope.get("scheme", "http"),
    "http.request.proto": _proto,
    "http.request.proto_name": _proto_name,
    "http.request.host": _host,
    "http.request.port": lambda r: split_port(r.hostport)[1],
    "http.request.hostport": lambda r: r.hostport,
    "http.request.local": _local,
    "http.request.local.host": _host_of("server"),
    "http.request.local.port": _port_of("server"),
    "http.request.remote": _remote,
    "http.request.remote.host": _host_of("client"),
    "http.request.remote.port": _port_of("client"),
    "http.request.uri": _uri,
    "http.request.uri_escaped": _escaped(_uri),
    "http.request.uri.path": lambda r: r.path,
    "http.request.uri.path_escaped": _escaped(lambda r: r.path),
    "http.request.uri.path.dir": lambda r: _dir(r.path),
    "http.request.uri.path.file": lambda r: _file(r.path),
    "http.request.uri.path.file.base": lambda r: _stem(r.path),
    "http.request.uri.path.file.ext": lambda r: _extension(r.path),
    "http.request.uri.query": lambda r: _text(r.query),
    "http.request.uri.query_escaped": _escaped(lambda r: _text(r.query)),
    "http.request.uri.prefixed_query": lambda r: _prefixed(r.query),
    "http.request.body": lambda r: r.body.text if r.body is not None else "",
    "http.request.body_base64": lambda r: r.body.base64 if r.body is not None else "",
    "http.request.duration": lambda r: duration_text(int(_elapsed(SECOND)(r))),
    "http.request.duration_ms": _elapsed(1000),
    "http.request.uuid": _uuid,
    "http.request.orig_method": _original(lambda method, *_: method),
    "http.request.orig_uri": lambda r: r.target,
    "http.request.orig_uri.path": _original(lambda *line: line[3]),
    "http.request.orig_uri.path.dir": _original(lambda *line: _dir(line[3])),
    "http.request.orig_uri.path.file": _original(lambda *line: _file(line[3])),
    "http.request.orig_uri.query": _original(lambda *line: line[2]),
    "http.request.orig_uri.prefixed_query": _original(lambda *line: line[2] and f"?{line[2]}"),
    "http.shutting_down": lambda _: SHUTDOWN.is_announced,
    "http.time_until_shutdown": lambda _: _until_shutdown(),
    "http.error": _error(lambda e: f"{{id={e.id}}} {e.trace}: HTTP {e.status}: {e.message}"),
    "http.error.status_code": _error(lambda e: e.status),
    "http.error.status_text": _error(lambda e: status_text(e.status)),
    "http.error.message": _error(lambda e: e.message),
    "http.error.id": _error(lambda e: e.id),
    "http.error.trace": _error(lambda e: e.trace),
}

_EXACT |= {f"http.request.tls.{name}": lambda _: "" for name in _TLS}

_PREFIXES: tuple[tuple[str, Callable[[str], Getter | None]], ...] = (
    ("http.request.header.", _header),
    ("http.request.cookie.", _cookie),
    ("http.request.uri.query.", _query),
    ("http.request.uri.path.", _segment(lambda r: r.path)),
    ("http.request.orig_uri.path.", _segment(lambda r: r.original.path if r.original else r.path)),
    ("http.request.host.labels.", _label),
    ("http.request.remote.host/", _masked),
    ("http.response.header.", _response_header),
    ("http.vars.", _variable),
    ("http.reverse_proxy.", _proxied),
)
