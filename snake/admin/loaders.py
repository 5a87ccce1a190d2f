"""Loaders: where a server gets its next configuration from.

Source: https://caddyserver.com/docs/json/admin/config/load/.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urljoin

import msgspec

from snake.config.struct import Config, Duration, seconds
from snake.core.modules import Context, Module
from snake.core.record import Record
from snake.core.surroundings import fill_all, fill_known
from snake.fetch.fetch import fetch
from snake.fetch.response import FetchError, Response

NAMESPACE = "caddy.config_loaders"
ATTEMPTS = 10
PAUSE = 0.5
"""Seconds between two attempts to reach a server, as in Caddy."""
TIMEOUT = 60.0
"""Seconds for one, where the configuration says nothing. Caddy waits for ever."""
LARGEST = 100 << 20
"""Bytes of a configuration, as many as the admin API takes."""
_MOST_REDIRECTS = 10


class Pulled(Record):
    """What a loader has got."""

    body: bytes
    content_type: str = ""
    """What it is, as for `/load`; JSON if it says nothing."""


class Loader(Protocol):
    """Gets configurations."""

    async def load(self) -> Pulled:
        """Return the next one. Raises `SnakeError`."""
        ...


class ClientTLS(Config):
    """Whom the loader trusts, and how it proves who it is."""

    use_server_identity: bool = False
    client_certificate_file: str = ""
    client_certificate_key_file: str = ""
    root_ca_pem_files: tuple[str, ...] = ()


class HTTP(Module):
    """The JSON of `caddy.config_loaders.http`: a configuration that is fetched."""

    id = "caddy.config_loaders.http"

    method: str = ""
    url: str = ""
    headers: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict, name="header")
    timeout: Duration = 0
    adapter: str = ""
    tls: ClientTLS | None = None

    async def provision(self, ctx: Context) -> Loader:
        """Return what fetches it. Raises `ConfigError`."""
        if not self.url:
            raise ctx.at("url").fail("a configuration is loaded from a URL; there is none")
        trust = _trust(ctx.at("tls"), self.tls) if self.tls is not None else None
        within = seconds(self.timeout, ctx.at("timeout").path) or TIMEOUT
        return _Fetcher(self, trust, within)


class _Fetcher:
    """A `Loader`."""

    def __init__(self, config: HTTP, trust: ssl.SSLContext | None, within: float) -> None:
        self._config = config
        self._trust = trust
        self._within = within

    async def load(self) -> Pulled:
        """Return what the server answers; it is asked again if it cannot be reached."""
        answer = await self._asked_again()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise FetchError(f"server responded with HTTP {answer.status}")
        kind = answer.fields.get("content-type", "")
        return Pulled(answer.body, f"text/{self._config.adapter}" if self._config.adapter else kind)

    async def _asked_again(self) -> Response:
        for attempt in range(ATTEMPTS):
            try:
                answer = await self._ask()
                if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    return answer
                error = FetchError(f"server responded with HTTP {answer.status}")
            except FetchError as failed:
                error = failed
            if attempt < ATTEMPTS - 1:
                await asyncio.sleep(PAUSE)
        raise error

    async def _ask(self) -> Response:
        """Ask, and follow where the server leads."""
        config = self._config
        url, method = fill_all(config.url), fill_all(config.method) or "GET"
        fields = _filled(config.headers, fill_all, fill_known)
        for _ in range(_MOST_REDIRECTS):
            answer = await fetch(
                url,
                method=method,
                fields=fields,
                within=self._within,
                most=LARGEST,
                trust=self._trust,
            )
            where = answer.fields.get("location")
            if answer.status not in (301, 302, 303, 307, 308) or not where:
                return answer
            url = urljoin(url, where)
        raise FetchError(f"stopped after {_MOST_REDIRECTS} redirects")


def _filled(
    headers: Mapping[str, tuple[str, ...]],
    name: Callable[[str], str],
    value: Callable[[str], str],
) -> dict[str, str]:
    return {name(each): ", ".join(map(value, values)) for each, values in headers.items()}


def _trust(ctx: Context, tls: ClientTLS) -> ssl.SSLContext:
    """Return whom the server's certificate may be from, with our own. Raises `ConfigError`."""
    if tls.use_server_identity:
        raise ctx.at("use_server_identity").fail("not available in this version of snake")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not tls.root_ca_pem_files:
        context.load_default_certs()
    for index, file in enumerate(tls.root_ca_pem_files):
        try:
            context.load_verify_locations(file)
        except OSError as error:  # an SSLError is one
            at = ctx.at("root_ca_pem_files", index)
            raise at.fail(f"cannot read {file}: {error.strerror or error}") from None
    if tls.client_certificate_file and tls.client_certificate_key_file:
        try:
            context.load_cert_chain(tls.client_certificate_file, tls.client_certificate_key_file)
        except OSError as error:
            at = ctx.at("client_certificate_file")
            why = error.strerror or error
            raise at.fail(f"cannot read {tls.client_certificate_file}: {why}") from None
    return context
