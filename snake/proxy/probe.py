"""Probe: one request that asks a backend how it is, and what is thought of the answer.

Source: Caddy's `doActiveHealthCheck`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from urllib.parse import urljoin, urlsplit

from snake.config.struct import nanoseconds
from snake.core.dial import join_host_port
from snake.core.errors import SnakeError
from snake.core.record import Record
from snake.core.regexp import Pattern, RegexpError, compile_regexp
from snake.core.units import SECOND
from snake.core.url import URLError, parse_url
from snake.http.fields import canonical, field_name, field_value
from snake.http.paths import escape_path
from snake.http.request import Request
from snake.http.template import Template
from snake.http.uri import unescape
from snake.proxy.content import KnownContent
from snake.proxy.contract import DialInfo, Field, Outgoing, Reply, Transport, UpstreamError
from snake.proxy.health import ActiveHealthChecks
from snake.proxy.passive import status_test
from snake.transport.asgi import Message

_TIMEOUT = 5.0
_SUCCESS = 2
_MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AS_GET = frozenset({301, 302, 303})
_TARGET = "active.target_upstream"


class ProbeError(SnakeError):
    """A health check that cannot be made, by the field that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class UnhealthyError(SnakeError):
    """The answer was not that of a backend in good health, or there was none."""


class Probe:
    """A health check, compiled. Raises `ProbeError`."""

    def __init__(self, checks: ActiveHealthChecks, transport: Transport) -> None:
        self._transport = transport
        self._method = checks.method or "GET"
        self._target = _target(checks)
        self._host, self._headers = _headers(checks)
        self._body = Template(checks.body).all if checks.body else None
        self._follow = checks.follow_redirects
        self._timeout = nanoseconds(checks.timeout) / SECOND or _TIMEOUT
        self._max_size = checks.max_size
        self._right = status_test(checks.expect_status or _SUCCESS)
        self._pattern = _pattern(checks.expect_body)

    async def ask(self, to: DialInfo, host: str, dial: str) -> None:
        """Ask. `dial` is the address of the backend, `host` the one that the request is for.

        Raises `UnhealthyError`.
        """
        request = _request(host)
        request.proxied = _Checked(dial)
        try:
            async with asyncio.timeout(self._timeout):
                await self._judge(to, request, host)
        except TimeoutError:
            raise UnhealthyError(f"no answer in {self._timeout:g} s") from None
        except UpstreamError as error:
            raise UnhealthyError(str(error)) from error

    async def _judge(self, to: DialInfo, request: Request, host: str) -> None:
        reply = await self._answer(to, request, host)
        try:
            if not self._right(reply.status):
                raise UnhealthyError(f"the status is {reply.status}")
            body = await _read(reply, self._max_size)
        finally:
            reply.close()
        if self._pattern and not self._pattern.search(body.decode("utf-8", "replace")):
            raise UnhealthyError("the body is not as expected")

    async def _answer(self, to: DialInfo, request: Request, host: str) -> Reply:
        """Return the answer, that of the last redirect if they are followed."""
        method, target = self._method, self._target
        host = self._host(request) if self._host else host
        body = self._body(request).encode() if self._body else b""
        for _ in range(_MOST_REDIRECTS):
            outgoing = self._outgoing(request, host, method, target, body)
            reply = await self._transport.round_trip(to, outgoing, _ignore)
            location = next((value for name, value in reply.fields if name == b"location"), None)
            if not self._follow or reply.status not in _REDIRECTS or location is None:
                return reply
            reply.close()
            if reply.status in _AS_GET and method != "HEAD":
                method, body = "GET", b""
            host, target = _redirected(host, target, location.decode("utf-8", "replace"))
        raise UnhealthyError(f"redirected more than {_MOST_REDIRECTS} times")

    def _outgoing(
        self, request: Request, host: str, method: str, target: str, body: bytes
    ) -> Outgoing:
        fields: list[Field] = [(b"host", field_value(host))]
        for name, value in self._headers:
            if key := field_name(name(request)):
                fields.append((key, field_value(value(request))))
        if not any(name == b"user-agent" for name, _ in fields):
            fields.append((b"user-agent", b"snake"))
        content = KnownContent(body) if body else None
        return Outgoing(request, method, target.encode("ascii", "replace"), fields, content)


class _Checked(Record):
    """What placeholders tell of a check: `{http.reverse_proxy.active.target_upstream}`."""

    dial: str

    def value(self, name: str) -> object:
        """Return the value of `http.reverse_proxy.<name>`."""
        return self.dial if name == _TARGET else None


def _target(checks: ActiveHealthChecks) -> str:
    """Return the path and the query to ask for."""
    if not checks.uri:
        return escape_path(checks.path) or "/"
    try:
        url = parse_url(checks.uri)
    except URLError as error:
        raise ProbeError("uri", f'health_uri "{checks.uri}": {error}') from None
    path = escape_path(unescape(url.path) or "") or "/"
    return f"{path}?{url.query}" if url.query else path


Fill = Callable[[Request], str]


def _headers(checks: ActiveHealthChecks) -> tuple[Fill | None, Sequence[tuple[Fill, Fill]]]:
    """Return what makes the Host, if it is told, and the other fields."""
    host: Fill | None = None
    fields = []
    for name, values in checks.headers.items():
        for value in values or ():
            if canonical(name) == "Host":
                host = host or Template(value).all
            else:
                fields.append((Template(name).all, Template(value).known))
    return host, fields


def _pattern(text: str) -> Pattern | None:
    try:
        return compile_regexp(text) if text else None
    except RegexpError as error:
        raise ProbeError("expect_body", str(error)) from None


def _request(host: str) -> Request:
    """Return a request that nobody has made, for transports that fill placeholders from one."""
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", host.encode("utf-8", "surrogateescape"))],
    }
    return Request(scope, _nothing)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _ignore(status: int, fields: Sequence[Field]) -> None:
    del status, fields


async def _read(reply: Reply, most: int) -> bytes:
    """Return the body, no more of it than `most` bytes unless that is 0."""
    body = b""
    while piece := await reply.read():
        body += piece
        if 0 < most <= len(body):
            return body[:most]
    return body


def _redirected(host: str, target: str, location: str) -> tuple[str, str]:
    """Return the host and the target that a redirect leads to."""
    url = urlsplit(urljoin(f"http://{host}{target}", location))
    path = escape_path(unescape(url.path) or "") or "/"
    return url.netloc or host, f"{path}?{url.query}" if url.query else path


def probed_host(to: DialInfo, upstream: str, port: int) -> str:
    """Return the Host of a probe: the address that is asked, unless it is a Unix socket."""
    if upstream:
        return upstream
    if to.network.startswith(("unix", "fd")) and not port:
        return "localhost"
    return join_host_port(to.host, to.port)
