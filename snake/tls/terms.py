"""Terms: what the handshakes of a connection policy may come to."""

from __future__ import annotations

import logging
import os
import ssl

from snake.config.tls import ConnectionPolicy, TLSApp
from snake.core.folder import START
from snake.core.modules import Context
from snake.core.suggest import suggestion
from snake.core.surroundings import PlaceholderError, fill
from snake.tls.authentication import provision_authentication
from snake.tls.contexts import DEFAULT_SUITES, GROUPS, HAS_HYBRID, HYBRID, SUITES, Terms, apply
from snake.tls.parameters import CIPHER_SUITES
from snake.tls.tickets import purpose_of

log = logging.getLogger("snake.tls")

DEFAULT_ALPN = ("h2", "http/1.1")
_VERSIONS = {"tls1.2": ssl.TLSVersion.TLSv1_2, "tls1.3": ssl.TLSVersion.TLSv1_3}


async def read_terms(ctx: Context, policy: ConnectionPolicy, tls_app: TLSApp | None) -> Terms:
    """Read a policy's terms; `ctx` is where it stands. Raises `ConfigError`."""
    minimum, maximum = _versions(ctx, policy)
    suites = _suites(ctx.at("cipher_suites"), policy.cipher_suites)
    if not suites:  # those of TLS 1.3 alone were named
        minimum = ssl.TLSVersion.TLSv1_3
        if maximum is ssl.TLSVersion.TLSv1_2:
            raise ctx.at("cipher_suites").fail("none of these suites is of TLS 1.2")
    authentication = await provision_authentication(
        ctx.at("client_authentication"), policy.client_authentication
    )
    tickets = tls_app.session_tickets if tls_app is not None else None
    terms = Terms(
        purpose=purpose_of(policy),
        alpn=policy.alpn or DEFAULT_ALPN,
        minimum=minimum,
        maximum=maximum,
        suites=suites,
        curves=_curves(ctx.at("curves"), policy.curves),
        authentication=authentication,
        secrets_log=_secrets_log(ctx.at("insecure_secrets_log"), policy.insecure_secrets_log),
        tickets=authentication is None and not (tickets is not None and tickets.disabled),
    )
    if terms.curves and authentication is not None and not authentication.mode.verifies:
        raise ctx.at("curves").fail(
            f"curves cannot be chosen with client_auth mode {authentication.mode.value}: "
            "Python's TLS libraries can do either"
        )
    if not (policy.cipher_suites or policy.curves or authentication):
        return terms  # nothing in it that OpenSSL could not do
    try:  # now, not when a client comes
        apply(terms, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), next(iter(terms.curves), ""))
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise ctx.fail(f"OpenSSL cannot do what this policy says: {reason}") from None
    return terms


def _versions(ctx: Context, policy: ConnectionPolicy) -> tuple[ssl.TLSVersion, ssl.TLSVersion]:
    found = []
    for field, default in (("protocol_min", "tls1.2"), ("protocol_max", "tls1.3")):
        name = getattr(policy, field) or default
        if name not in _VERSIONS:
            hint = suggestion(name, list(_VERSIONS))
            raise ctx.at(field).fail(f"unsupported protocol: {name}{hint}")
        found.append(_VERSIONS[name])
    minimum, maximum = found
    if minimum > maximum:
        raise ctx.at("protocol_min").fail(
            f"protocol min ({policy.protocol_min}) cannot be greater than "
            f"protocol max ({policy.protocol_max})"
        )
    return minimum, maximum


def _suites(ctx: Context, names: tuple[str, ...]) -> tuple[str, ...]:
    for index, name in enumerate(names):
        if name not in CIPHER_SUITES:
            hint = suggestion(name, CIPHER_SUITES)
            raise ctx.at(index).fail(f"unsupported cipher suite: {name}{hint}")
    if not names:
        return DEFAULT_SUITES
    # As in Go, their order is not the document's: those that authenticate come first.
    return tuple(name for name in SUITES if name in names)


def _curves(ctx: Context, names: tuple[str, ...]) -> tuple[str, ...]:
    for index, name in enumerate(names):
        if name not in GROUPS:
            raise ctx.at(index).fail(f"unsupported curve: {name}{suggestion(name, list(GROUPS))}")
    can = tuple(dict.fromkeys(name for name in names if name != HYBRID or HAS_HYBRID))
    if names and not can:
        raise ctx.fail(
            f"{ssl.OPENSSL_VERSION} does not have {HYBRID} (OpenSSL has it from 3.5 on); "
            f"name another curve beside it, such as x25519"
        )
    return can


def _secrets_log(ctx: Context, name: str) -> str:
    """Return the file that secrets are written to, which exists now and is only ours."""
    if not name:
        return ""
    try:
        path = str(START.path(fill(name)))
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except PlaceholderError as error:
        raise ctx.fail(str(error)) from None
    except OSError as error:
        raise ctx.fail(f"cannot write {name}: {error.strerror}") from None
    log.warning(
        "TLS SECURITY COMPROMISED: secrets logging is enabled!",
        extra={"fields": {"log_filename": path}},
    )
    return path
