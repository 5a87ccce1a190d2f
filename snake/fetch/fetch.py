"""fetch: one request to a server, and its answer. No redirect followed, no connection kept."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from functools import cache
from urllib.parse import parse_qs, urlencode

from snake.core.record import Record
from snake.core.url import URL, URLError, parse_url
from snake.fetch.names import addresses_of
from snake.fetch.proxy import Proxy, proxy_for, tunnel
from snake.fetch.response import FetchError, Reading, Response

TIMEOUT = 10.0
"""Seconds for all of it."""
MOST = 1 << 20
"""Bytes of a body."""
_PORTS = {"http": 80, "https": 443}
_CHUNK = 64 << 10


def with_query(url: str, more: Mapping[str, str]) -> str:
    """Return a URL with some parameters set, and all of them sorted by name, as in Go."""
    whole, _, _ = url.partition("#")
    path, _, query = whole.partition("?")
    found = parse_qs(query, keep_blank_values=True)
    found.update({name: [value] for name, value in more.items()})
    return f"{path}?{urlencode(sorted(found.items()), doseq=True)}"


async def fetch(  # noqa: PLR0913  (what a request has)
    url: str,
    *,
    method: str = "GET",
    fields: Mapping[str, str] | None = None,
    body: bytes | None = None,
    within: float = TIMEOUT,
    most: int = MOST,
    trust: ssl.SSLContext | None = None,
    server_name: str = "",
    socket: str = "",
) -> Response:
    """Ask for a URL; with `socket`, the server at that path. Raises `FetchError`.

    `trust` has the authorities that an HTTPS server's certificate may be from, if not the
    system's, and `server_name` is what it has to be for, if not the URL's host. The environment may
    name a proxy (`HTTPS_PROXY`). A body has `most` bytes at most; with 0 it is not waited for. All
    of it takes no longer than `within` seconds, and may be cancelled.
    """
    try:
        parts = parse_url(url)
    except URLError as error:
        raise FetchError(f"this is no URL: {error}") from None
    if parts.scheme not in _PORTS or not parts.host:
        raise FetchError("the URL must begin with http:// or https:// and a host")
    place = socket or f"{parts.host}:{_port(parts)}"
    proxy = None if socket else proxy_for(parts.scheme, parts.host, _port(parts))
    request = _request(parts, method, fields or {}, body, proxy)
    try:
        async with asyncio.timeout(within):
            way = _Way(socket, proxy, trust, server_name or parts.host)
            connection = await _connected(parts, way)
            return await _exchange(*connection, request, most)
    except TimeoutError:
        raise FetchError(f"{place} did not answer within {within:g} s") from None
    except ssl.SSLError as error:
        raise FetchError(f"{place}: {error.reason or error}") from None
    except OSError as error:
        # asyncio repeats the address in its own words, and says no reason.
        number = error.errno or 0
        known = os.strerror(number) if number > 0 else error.strerror
        raise FetchError(f"{place}: {known or error}") from None
    except FetchError as error:
        raise FetchError(f"{place}: {error}") from None


def _port(url: URL) -> int:
    try:
        return int(url.port or _PORTS[url.scheme])
    except ValueError:
        raise FetchError(f"{url.port} is no port") from None


def _request(
    url: URL, method: str, fields: Mapping[str, str], body: bytes | None, proxy: Proxy | None
) -> bytes:
    port = _port(url)
    host = f"[{url.host}]" if ":" in url.host else url.host
    if port != _PORTS[url.scheme]:
        host = f"{host}:{port}"
    # A proxy is told whom to ask in the request itself, unless it only passes on what is encrypted.
    asked = proxy if url.scheme == "http" else None
    target = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
    lines = [
        f"{method} {f'http://{host}' if asked else ''}{target} HTTP/1.1",
        f"Host: {host}",
        *([asked.authorization] if asked and asked.authorization else ()),
        "User-Agent: snake",
        "Connection: close",
        *(f"{name}: {value}" for name, value in fields.items()),
        *([f"Content-Length: {len(body)}"] if body is not None else ()),
    ]
    if any(not line.isprintable() for line in lines) or " " in url.path + url.query:
        raise FetchError("the URL or a field has characters that a request cannot have")
    try:
        return "\r\n".join((*lines, "", "")).encode("latin-1") + (body or b"")
    except UnicodeEncodeError:
        raise FetchError("the URL or a field has characters that a request cannot have") from None


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, most: int
) -> Response:
    try:
        writer.write(request)
        await writer.drain()
        reading = Reading(most)
        while data := await reader.read(_CHUNK):
            if (answer := reading.feed(data)) is not None:
                return answer
        return reading.end()
    finally:
        writer.transport.abort()


class _Way(Record):
    """How a server is reached."""

    socket: str
    proxy: Proxy | None
    trust: ssl.SSLContext | None
    server_name: str


async def _connected(url: URL, way: _Way) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = _port(url)
    context = (way.trust or _system()) if url.scheme == "https" else None
    if way.socket:
        return await asyncio.open_unix_connection(way.socket, limit=_CHUNK)
    host, port = (url.host, port) if way.proxy is None else (way.proxy.host, way.proxy.port)
    reader, writer = await _open(host, port)
    try:
        if context is None:
            return reader, writer
        if way.proxy is not None:
            await tunnel(way.proxy, url.host, _port(url), reader, writer)
        await writer.start_tls(context, server_hostname=way.server_name)
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer


async def _open(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first address of a host that can be connected to. Raises `OSError`."""
    failure = OSError("it has no address")
    for address in await addresses_of(host, port):
        try:
            return await asyncio.open_connection(address, port, limit=_CHUNK)
        except OSError as error:
            failure = error
    raise failure


@cache
def _system() -> ssl.SSLContext:
    """Return what believes the system's authorities; it takes a while to load them."""
    return ssl.create_default_context()
