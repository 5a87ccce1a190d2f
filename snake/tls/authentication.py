"""Authentication: what a client's certificate must be, as a policy runs it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from snake.config.tls import ClientAuthentication
from snake.core.modules import Context
from snake.core.record import Record
from snake.core.suggest import suggestion
from snake.tls.trust import Old, TrustPool, decoded, pool_of

Verify = Callable[[tuple[bytes, ...]], str]
"""Takes a client's certificates in DER, its own first; returns why they will not do, or nothing."""


class Mode(Enum):
    """What is asked of a client. The names are Caddy's."""

    REQUEST = "request"
    REQUIRE = "require"
    VERIFY_IF_GIVEN = "verify_if_given"
    REQUIRE_AND_VERIFY = "require_and_verify"

    @property
    def requires(self) -> bool:
        """Whether a client without a certificate is turned away."""
        return self in (Mode.REQUIRE, Mode.REQUIRE_AND_VERIFY)

    @property
    def verifies(self) -> bool:
        """Whether somebody must have signed the certificate who is trusted."""
        return self in (Mode.VERIFY_IF_GIVEN, Mode.REQUIRE_AND_VERIFY)


class Authentication(Record):
    """What the clients of a policy have to show."""

    mode: Mode
    pool: TrustPool
    verifiers: tuple[Verify, ...] = ()

    def refusal(self, certificates: tuple[bytes, ...]) -> str:
        """Return why a client that has come through the handshake is turned away; else nothing."""
        return next(filter(None, (verify(certificates) for verify in self.verifiers)), "")


async def provision_authentication(
    ctx: Context, config: ClientAuthentication | None
) -> Authentication | None:
    """Load whom a policy trusts; `None` if clients need no certificates. Raises `ConfigError`.

    What cannot be read is an error, and never a policy that lets everybody in.
    """
    if config is None or config == ClientAuthentication():
        return None
    pool = await pool_of(
        ctx,
        config.ca,
        Old("trusted_ca_certs", config.trusted_ca_certs),
        Old("trusted_ca_certs_pem_files", config.trusted_ca_certs_pem_files),
        "conflicting config for client authentication trust CA",
    )
    verifiers = [
        await ctx.at("verifiers", index).load(
            raw, namespace="tls.client_auth.verifier", key="verifier"
        )
        for index, raw in enumerate(config.verifiers)
    ]
    if config.trusted_leaf_certs:
        verifiers.append(one_of(decoded(ctx.at("trusted_leaf_certs"), config.trusted_leaf_certs)))
    # Go's TLS trusts the system's authorities where it is given none.
    return Authentication(_mode(ctx, config), pool or TrustPool(system=True), tuple(verifiers))


def one_of(leaves: tuple[bytes, ...]) -> Verify:
    """Return what lets those in whose certificate is one of these, in DER."""
    known = frozenset(leaves)

    def verify(certificates: tuple[bytes, ...]) -> str:
        if not certificates:
            return "no client certificate provided"
        return "" if certificates[0] in known else "client leaf certificate failed validation"

    return verify


def _mode(ctx: Context, config: ClientAuthentication) -> Mode:
    if not config.mode:
        trusts = (
            config.ca is not None
            or config.trusted_ca_certs
            or config.trusted_ca_certs_pem_files
            or config.trusted_leaf_certs
        )
        return Mode.REQUIRE_AND_VERIFY if trusts else Mode.REQUIRE
    try:
        return Mode(config.mode)
    except ValueError:
        hint = suggestion(config.mode, [mode.value for mode in Mode])
        raise ctx.at("mode").fail(f"client auth mode not recognized: {config.mode}{hint}") from None
