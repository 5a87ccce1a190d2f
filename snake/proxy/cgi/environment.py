"""The environment of a CGI request, as Caddy's FastCGI transport makes it (RFC 3875 §4.1)."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping

from snake import __version__
from snake.core.record import Record
from snake.http.errors import HandlerError
from snake.http.paths import ascii_lower
from snake.http.placeholders import Getter, lookup
from snake.http.request import Request
from snake.http.roots import absolute, join, root_of
from snake.http.template import Template, as_text
from snake.http.uri import valid_path
from snake.proxy.contract import Outgoing, UpstreamError
from snake.transport.asgi import decode_path

_FIXED = {
    # Some of these are of no use, but hide what the upstream's own environment may have.
    "AUTH_TYPE": b"",
    "GATEWAY_INTERFACE": b"CGI/1.1",
    "HTTP_USER_AGENT": b"",
    "REMOTE_IDENT": b"",
    "SERVER_SOFTWARE": f"snake/{__version__}".encode(),
}
_WITHOUT_BODY = frozenset({"HEAD", "OPTIONS"})
_FORM = b"application/x-www-form-urlencoded"
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_HTTPOXY = b"proxy"
"""The field that programs would read as the variable `HTTP_PROXY` (https://httpoxy.org)."""

_PROTO = lookup("http.request.proto")
_TLS_VERSION = lookup("http.request.tls.version")
_CIPHER = lookup("http.request.tls.cipher_suite")
_VERSIONS = {"tls1.0": "TLSv1", "tls1.1": "TLSv1.1", "tls1.2": "TLSv1.2", "tls1.3": "TLSv1.3"}

Variables = dict[str, bytes]


class Script(Record):
    """What of a path is the program, and what is for the program."""

    name: str
    uri: str
    info: str


class Environment:
    """Makes the environment of each request of one upstream."""

    def __init__(
        self, root: str, splits: Iterable[str], given: Mapping[str, str], *, real_root: bool
    ) -> None:
        self._root = root_of(root)
        self._splits = [ascii_lower(split) for split in splits]
        self._given = [(name, Template(value).all) for name, value in given.items()]
        self._real_root = real_root

    def of(self, outgoing: Outgoing, length: int) -> Variables:
        """Return the variables of a request whose body has `length` bytes.

        Raises `HandlerError` for a path that PHP could read as another, and `UpstreamError`
        for a root that is a link to nowhere.
        """
        path, _, query = outgoing.target.partition(b"?")
        variables = _FIXED | _of_request(outgoing, length)
        variables |= _of_connection(outgoing)
        variables |= self._of_files(outgoing.request, decode_path(path))
        variables["QUERY_STRING"] = query
        for name, fill in self._given:
            variables[name] = _bytes(fill(outgoing.request))
        variables |= _of_fields(outgoing)
        variables["HTTP_CONTENT_LENGTH"] = b"%d" % length
        return variables

    def _of_files(self, request: Request, path: str) -> Variables:
        if "\0" in path:
            # PHP might take what is before it for a file, and run it.
            raise HandlerError(400, "invalid request path")
        root = absolute(self._root(request))
        if self._real_root:
            root = _real(root)
        script = self._split(path)
        info = script.info or as_text((request.values or {}).get("http.matchers.file.remainder"))
        name = script.name if not script.name or script.name.startswith("/") else f"/{script.name}"
        variables = {
            "DOCUMENT_ROOT": _bytes(root),
            "DOCUMENT_URI": _bytes(script.uri),
            "PATH_INFO": _bytes(info),
            "SCRIPT_FILENAME": _bytes(join(root, script.name)),
            "SCRIPT_NAME": _bytes(name),
        }
        if info:
            variables["PATH_TRANSLATED"] = _bytes(join(root, info))
        return variables

    def _split(self, path: str) -> Script:
        """Split a path after the first of the delimiters in it.

        Only ASCII letters have two cases here: what folds to one (a full-width letter, the sign
        of Kelvin) is another file, which is not to be run as this one would be.
        """
        if not self._splits:
            return Script("", "", path)
        lower = ascii_lower(path)
        for delimiter in self._splits:
            at = lower.find(delimiter) if delimiter else -1
            if at >= 0:
                end = at + len(delimiter)
                return Script(path[:end], path[:end], path[end:])
        return Script(path, path, "")


def _of_request(outgoing: Outgoing, length: int) -> Variables:
    request, method = outgoing.request, outgoing.method
    kind = next((value for name, value in outgoing.fields if name == b"content-type"), b"")
    if method not in _WITHOUT_BODY and method != "GET":
        method, kind = method.upper(), kind or _FORM
    values = request.values or {}
    return {
        "CONTENT_LENGTH": b"0" if method in _WITHOUT_BODY else b"%d" % length,
        "CONTENT_TYPE": kind,
        "REMOTE_USER": _bytes(as_text(values.get("http.auth.user.id"))),
        "REQUEST_METHOD": method.encode(),
        "REQUEST_URI": _uri(request),
        "SERVER_PROTOCOL": _value(_PROTO, request),
    }


def _uri(request: Request) -> bytes:
    """Return path and query as the client sent them, in a valid encoding."""
    sent = request.original or request
    path = valid_path(sent.raw_path, sent.path).encode("ascii")
    return path + b"?" + sent.query if sent.query or request.has_bare_query else path


def _of_connection(outgoing: Outgoing) -> Variables:
    scope = outgoing.request.scope
    scheme = scope.get("scheme", "http")
    client = scope.get("client") or ("", "")
    address = _bytes(client[0])
    host = next((value for name, value in outgoing.fields if name == b"host"), b"")
    name, port = _split_host(host.decode("latin-1"))
    variables = {
        "HTTP_HOST": host,
        "REMOTE_ADDR": address,
        "REMOTE_HOST": address,
        "REMOTE_PORT": _bytes(as_text(client[1])),
        "REQUEST_SCHEME": scheme.encode(),
        "SERVER_NAME": name.encode("latin-1"),
        "SERVER_PORT": (port or _DEFAULT_PORTS.get(scheme, "")).encode("latin-1"),
    }
    if server := scope.get("server"):
        variables["SERVER_ADDR"] = _bytes(server[0])
    if scheme == "https":
        # As Apache's mod_ssl names them.
        variables["HTTPS"] = b"on"
        version = as_text(_TLS_VERSION and _TLS_VERSION(outgoing.request))
        variables["SSL_PROTOCOL"] = _VERSIONS.get(version, "").encode()
        variables["SSL_CIPHER"] = _value(_CIPHER, outgoing.request)
    return variables


def _of_fields(outgoing: Outgoing) -> Variables:
    variables: Variables = {}
    for field, value in outgoing.fields:
        if field in (b"host", _HTTPOXY):
            continue
        name = f"HTTP_{field.decode('latin-1').upper().replace('-', '_')}"
        before = variables.get(name)
        variables[name] = value if before is None else before + b", " + value
    return variables


def _split_host(host: str) -> tuple[str, str]:
    """Split a Host into name and port; without a port it is all name, brackets too."""
    name, colon, port = host.rpartition(":")
    if name.startswith("[") and name.endswith("]"):
        return name[1:-1], port
    return (host, "") if not colon or ":" in name or "[" in host else (name, port)


def _real(root: str) -> str:
    try:
        return os.path.realpath(root, strict=True)
    except OSError as error:
        raise UpstreamError(f"resolving the root: {error}") from None


def _value(getter: Getter | None, request: Request) -> bytes:
    return _bytes(as_text(getter(request))) if getter is not None else b""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
