"""Clients: one for each authority, however many sites have their certificates from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from ssl import SSLError
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from snake.acme.client import Client
from snake.acme.roots import trusting
from snake.acme.wire import Wire
from snake.core.modules import Context
from snake.fetch.proxy import is_here
from snake.tls.subjects import is_internal


class Clients:
    """The clients of one generation of a configuration."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, tuple[str, ...], str | None], Client] = {}

    async def get(
        self, ctx: Context, url: str, roots: tuple[str, ...], proxy: str | None
    ) -> Client:
        """Return the client for the directory at a URL. Raises `ConfigError`.

        `roots` are files, `proxy` is a URL, empty for none; `None` is the environment's.
        """
        url = _url(ctx, url)
        place = (url, roots, proxy)
        if place not in self._clients:
            client = Client(url, wire(ctx, roots, proxy))
            await ctx.enter(_closing(client.close))
            self._clients[place] = client
        return self._clients[place]


def wire(ctx: Context, roots: tuple[str, ...], proxy: str | None) -> Wire:
    """Return a wire that trusts the certificates in some files. Raises `ConfigError`."""
    try:
        context = trusting(roots)
    except (OSError, SSLError) as error:
        which = ", ".join(roots)
        why = error.strerror if not isinstance(error, SSLError) else "no certificate in PEM in it"
        raise ctx.fail(f"trusted_roots_pem_files: {which}: {why or error}") from None
    if proxy is None:
        return Wire(context, _from_environment)
    return Wire(context, (lambda _url: proxy) if proxy else None)


@asynccontextmanager
async def _closing(close: Callable[[], None]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        close()


def _url(ctx: Context, url: str) -> str:
    """Return the URL of a directory; it is HTTPS, unless it is in a private network."""
    url = url if "://" in url else f"https://{url}"
    parts = None
    with suppress(ValueError):
        parts = urlsplit(url)
    if parts is None or not parts.hostname or parts.scheme not in ("http", "https"):
        raise ctx.fail(f"ca: {url!r} is no URL of a directory")
    if parts.scheme == "http" and not is_internal(parts.hostname):
        raise ctx.fail(f"ca: {url}: insecure CA URL (HTTPS required for non-internal CA)")
    return url


def _from_environment(url: str) -> str | None:
    """Return the proxy that the environment names for a URL (`HTTPS_PROXY`, `NO_PROXY`)."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if not proxy or is_here(parts.hostname or "") or proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
