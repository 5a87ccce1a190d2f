"""Proxy: through whom a server is asked, by what the environment says.

`HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` mean what they mean to Go's programs: what is on this
machine is asked directly. A proxy speaks HTTP.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import re
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from snake.core.record import Record
from snake.fetch.response import FetchError

_PORT = 80
_ESTABLISHED = re.compile(rb"HTTP/1\.[01] 2[0-9][0-9]\b")


class Proxy(Record):
    """A server that asks others for us."""

    host: str
    port: int
    authorization: str = ""
    """A field of a request, or nothing. It is in no error."""


def proxy_for(scheme: str, host: str, port: int) -> Proxy | None:
    """Return the proxy for a server, if there is one. Raises `FetchError` if it cannot be used."""
    if is_here(host):
        return None
    text = getproxies().get(scheme, "")
    if not text or proxy_bypass(f"{host}:{port}"):
        return None
    try:
        url = urlsplit(text if "://" in text else f"http://{text}")
        if url.scheme != "http" or not url.hostname:
            raise FetchError(f"the proxy that the environment names for {scheme} is not http://")
        return Proxy(url.hostname, url.port or _PORT, _authorization(url.username, url.password))
    except ValueError:
        raise FetchError(f"the proxy that the environment names for {scheme} is no URL") from None


def is_here(host: str) -> bool:
    """Whether a host is this machine, which is asked directly whatever the environment says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _authorization(user: str | None, password: str | None) -> str:
    if user is None:
        return ""
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}"


async def tunnel(
    proxy: Proxy,
    host: str,
    port: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Have a proxy connect us to a server (RFC 9110 §9.3.6). Raises `FetchError`."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = (f"CONNECT {place} HTTP/1.1", f"Host: {place}", proxy.authorization)
    writer.write("\r\n".join((*filter(None, lines), "", "")).encode("latin-1"))
    try:
        answer = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise FetchError("the proxy gives no answer") from None
    if not _ESTABLISHED.match(answer):
        shown = answer.split(b"\r\n")[0][:80].decode("latin-1")
        raise FetchError(f"the proxy does not connect us: {shown!a}")
