"""Access: who may use the API. A web page that a browser shows on this machine may not.

DNS rebinding has a page of anybody's speak to `localhost` under a name of its own, so the host
must be one of those that lead here. A page that is open in the browser may send requests to
other origins than its own, so the origin of each that comes from a page must be one that is
allowed. Both as in Caddy, which has fallen for neither since CVE-2026-27589.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Protocol

from snake.admin.answer import APIError, Headers
from snake.admin.request import Request
from snake.config.admin import Admin
from snake.core.network import NetworkAddress
from snake.core.record import Record
from snake.core.url import URL, URLError, parse_url

_PREFLIGHT: Headers = (
    ("Access-Control-Allow-Methods", "OPTIONS, GET, POST, PUT, PATCH, DELETE"),
    ("Access-Control-Allow-Headers", "Content-Type, Content-Length, Cache-Control"),
    ("Access-Control-Allow-Credentials", "true"),
)
_WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  (they are looked for, not bound)


class Access(Protocol):
    """Who may use the API, and for what."""

    def admit(self, request: Request) -> Headers:
        """Return the fields that an answer to this request has. Raises `APIError`."""
        ...


class Allowed(Record):
    """A host, and perhaps a scheme, that the API may be asked from."""

    scheme: str
    """Empty for any."""
    host: str
    """With its port; compared regardless of case."""

    def __str__(self) -> str:
        return f"{self.scheme}{':' * bool(self.scheme)}//{self.host}"


class LocalAccess(Record):
    """The rules of an admin endpoint for this machine."""

    allowed: tuple[Allowed, ...]
    checks_host: bool
    enforce_origin: bool

    @classmethod
    def of(cls, admin: Admin, address: NetworkAddress) -> LocalAccess:
        """Return the rules of a configuration that listens on this address.

        The host cannot be known on a wildcard address, and says nothing on a Unix socket, which
        no browser reaches.
        """
        is_tcp = not (address.is_unix or address.is_fd)
        checks_host = is_tcp and address.host not in _WILDCARDS
        return cls(tuple(_allowed(admin, address)), checks_host, admin.enforce_origin)

    def admit(self, request: Request) -> Headers:
        """Return the fields that an answer to this request has. Raises `APIError`."""
        refuse_tricks(request)
        if self.checks_host:
            self._check_host(request.host)
        headers = request.headers
        if not (self.enforce_origin or "origin" in headers or "sec-fetch-mode" in headers):
            return ()
        origin = self._checked_origin(request)
        fields = (("Access-Control-Allow-Origin", origin),)
        return (*_PREFLIGHT, *fields) if request.method == "OPTIONS" else fields

    def _check_host(self, host: str) -> None:
        if not any(each.host.lower() == host.lower() for each in self.allowed):
            raise APIError(HTTPStatus.FORBIDDEN, f"host not allowed: {host}")

    def _checked_origin(self, request: Request) -> str:
        """Return the origin of a request, if it is allowed. Raises `APIError`."""
        text = request.header("origin") or request.header("referer")
        try:
            url = parse_url(text)
        except URLError:
            message = "required Origin header is missing or invalid"
            raise APIError(HTTPStatus.FORBIDDEN, message) from None
        origin = Allowed(url.scheme, _host_port(url))
        if not any(_matches(each, origin) for each in self.allowed):
            message = f"client is not allowed to access from origin '{text}'"
            raise APIError(HTTPStatus.FORBIDDEN, message)
        return str(origin)


def refuse_tricks(request: Request) -> None:
    """Refuse what only a page in a browser sends, to get around the rules. Raises `APIError`."""
    if any("websocket" in value for value in request.headers.get("upgrade", ())):
        message = "WebSocket connections aren't allowed."
    elif any("no-cors" in value for value in request.headers.get("sec-fetch-mode", ())):
        message = "Disabling same-origin restrictions is not allowed."
    elif "null" in request.headers.get("origin", ()):
        message = "Buggy browser is sending null Origin header."
    else:
        return
    raise APIError(HTTPStatus.BAD_REQUEST, message)


def _matches(allowed: Allowed, origin: Allowed) -> bool:
    has_scheme = allowed.scheme in ("", origin.scheme)
    return has_scheme and allowed.host.lower() == origin.host.lower()


def _allowed(admin: Admin, address: NetworkAddress) -> Iterable[Allowed]:
    """Yield what the configuration names, or else the names that lead to the address."""
    for text in admin.origins or ():
        if "://" not in text:
            yield Allowed("", text)
            continue
        try:
            url = parse_url(text)
        except URLError:
            continue
        yield Allowed(url.scheme, _host_port(url))
    if admin.origins is not None or address.is_unix or address.is_fd:
        return
    names = ("localhost", "::1", "127.0.0.1") if _is_loopback(address.host) else (address.host,)
    for name in names:
        yield Allowed("", f"{_bracketed(name)}:{address.start_port}")


def _is_loopback(host: str) -> bool:
    import ipaddress  # noqa: PLC0415  (not before somebody asks)

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_port(url: URL) -> str:
    return f"{_bracketed(url.host)}:{url.port}" if url.port else _bracketed(url.host)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
