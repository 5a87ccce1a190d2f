"""Encryption: TLS to upstreams: whom it believes, who it says it is, what it speaks."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from snake.config.struct import seconds
from snake.core.modules import Context
from snake.core.record import Record
from snake.core.suggest import suggestion
from snake.http.request import Request
from snake.http.template import Template
from snake.proxy.contract import DialInfo
from snake.proxy.own_certificate import OwnCertificate
from snake.tls.parameters import CURVES
from snake.tls.ring import Ring
from snake.tls.trust import Old, TrustPool, pool_of

if TYPE_CHECKING:
    from snake.proxy.http_transport import TLSConfig

_LEVELS = ("", "never", "once", "freely")
_OPENSSL_CURVES = {
    "x25519": "X25519",
    "secp256r1": "prime256v1",
    "secp384r1": "secp384r1",
    "secp521r1": "secp521r1",
}


class Encryption(Record):
    """How connections are encrypted."""

    context: ssl.SSLContext
    context_http1: ssl.SSLContext
    """The same for requests that only HTTP/1.1 can carry."""
    server_name: Callable[[Request], str]
    """The name that the certificate has to bear; empty for the upstream's own."""
    has_dynamic_name: bool
    """Whether that depends on the request."""
    except_ports: frozenset[str]
    handshake_timeout: float | None
    own: OwnCertificate | None = None
    """What upstreams are shown, if it is managed."""

    def covers(self, to: DialInfo) -> bool:
        """Whether connections to an upstream are encrypted."""
        return to.port not in self.except_ports


async def load_encryption(ctx: Context, config: TLSConfig, *, http2: bool) -> Encryption:
    """Read what connections need. Raises `ConfigError`."""
    pool = await pool_of(
        ctx,
        config.ca,
        Old("root_ca_pool", config.root_ca_pool),
        Old("root_ca_pem_files", config.root_ca_pem_files),
        "conflicting config for Root CA pool",
    )
    contexts = []
    for protocols in (["h2", "http/1.1"] if http2 else [], []):
        context = _context(ctx, config, pool)
        if protocols:
            context.set_alpn_protocols(protocols)
        contexts.append(context)
    name = Template(config.server_name)
    return Encryption(
        context=contexts[0],
        context_http1=contexts[1],
        server_name=name.all,
        has_dynamic_name=name.constant is None,
        except_ports=frozenset(config.except_ports),
        handshake_timeout=seconds(config.handshake_timeout, ctx.at("handshake_timeout").path),
        own=_own(ctx, config, contexts),
    )


def _own(ctx: Context, config: TLSConfig, contexts: list[ssl.SSLContext]) -> OwnCertificate | None:
    """Return the managed certificate that is presented, if one is named. Raises `ConfigError`."""
    if not config.client_certificate_automate:
        return None
    ring = ctx.service(Ring)
    if ring is None:
        raise ctx.at("client_certificate_automate").fail(
            "managed client certificates are only there where snake is the server itself"
        )
    return OwnCertificate(ring, config.client_certificate_automate, contexts)


def _context(ctx: Context, config: TLSConfig, pool: TrustPool | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if config.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        (pool or TrustPool(system=True)).apply(context)
    except ssl.SSLError as error:
        raise ctx.fail(f"the trusted certificates cannot be used: {error.reason}") from None
    if config.renegotiation not in _LEVELS:
        hint = suggestion(config.renegotiation, _LEVELS[1:])
        message = f"invalid TLS renegotiation level: {config.renegotiation}{hint}"
        raise ctx.at("renegotiation").fail(message)
    if config.renegotiation in ("", "never"):
        context.options |= ssl.OP_NO_RENEGOTIATION
    _restrict_curves(ctx.at("curves"), context, config.curves)
    _present(ctx, context, config)
    return context


def _present(ctx: Context, context: ssl.SSLContext, config: TLSConfig) -> None:
    """Have a context present a certificate to upstreams that ask for one."""
    certificate, key = config.client_certificate_file, config.client_certificate_key_file
    if certificate and not key:
        raise ctx.at("client_certificate_file").fail(
            "client_certificate_file specified without client_certificate_key_file"
        )
    if key and not certificate:
        raise ctx.at("client_certificate_key_file").fail(
            "client_certificate_key_file specified without client_certificate_file"
        )
    if not certificate:
        return
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ctx.at("client_certificate_file").fail(
            f"loading client certificate key pair: {certificate}, {key}: {why}"
        ) from None


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def _restrict_curves(ctx: Context, context: ssl.SSLContext, curves: tuple[str, ...]) -> None:
    for index, curve in enumerate(curves):
        if curve not in CURVES:
            hint = suggestion(curve, CURVES)
            raise ctx.at(index).fail(f"unsupported curve: {curve}{hint}")
    if not curves:
        return
    if len(set(curves)) > 1 or curves[0] not in _OPENSSL_CURVES:
        raise ctx.fail(
            f"this version of snake can restrict connections to one curve of "
            f"{', '.join(_OPENSSL_CURVES)}; without any, all of them are offered"
        )
    try:
        context.set_ecdh_curve(_OPENSSL_CURVES[curves[0]])
    except ValueError as error:
        raise ctx.at(0).fail(f"OpenSSL has no curve {curves[0]}: {error}") from None
