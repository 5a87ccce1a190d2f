"""Fetched: certificates of authorities that servers answer with, as PEM."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING

from snake.config.struct import seconds
from snake.core.modules import Context
from snake.fetch.fetch import TIMEOUT, fetch
from snake.fetch.response import FetchError
from snake.tls.pem import certificates_in

if TYPE_CHECKING:
    from snake.tls.pools import TLSConfig

_SUCCESS = range(200, 300)


async def certificates_at(
    ctx: Context, urls: Iterable[str], tls: TLSConfig | None
) -> tuple[bytes, ...]:
    """Return the certificates in what servers answer, as DER; `ctx` is at the pool.

    Raises `ConfigError` for a server that does not answer with any: nobody is believed, or not
    believed, by accident. Redirects are not followed.
    """
    trust = await _trust(ctx.at("tls"), tls) if tls is not None else None
    within = (
        seconds(tls.handshake_timeout, ctx.at("tls", "handshake_timeout").path) if tls else None
    )
    name = tls.server_name if tls is not None else ""
    found: list[bytes] = []
    for index, url in enumerate(urls):
        at = ctx.at("endpoints", index)
        try:
            answer = await fetch(url, trust=trust, within=within or TIMEOUT, server_name=name)
        except FetchError as error:
            raise at.fail(f"cannot fetch certificates: {error}") from None
        if answer.status not in _SUCCESS:
            raise at.fail(f"cannot fetch certificates: the server answered {answer.status}")
        some = certificates_in(answer.body)
        if not some:
            raise at.fail("there is no certificate in what the server answers")
        found += some
    return tuple(found)


async def _trust(ctx: Context, tls: TLSConfig) -> ssl.SSLContext:
    """Return whom these servers' certificates may be from."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif tls.ca is None:
        context.load_default_certs()
    else:
        pool = await ctx.at("ca").load(tls.ca, namespace="tls.ca_pool.source", key="provider")
        try:
            pool.apply(context)
        except ssl.SSLError as error:
            raise ctx.at("ca").fail(f"OpenSSL cannot use these: {error.reason}") from None
    return context
