"""Policies: what the connection policies of a server come to for a client over QUIC.

They are those of TLS over TCP, but aioquic can do less than OpenSSL: it does not ask clients for
certificates, so a policy that wants one refuses QUIC; and it has neither P-521 nor ML-KEM.
"""

from __future__ import annotations

import ssl

from snake.tls.alerts import DECODE_ERROR, HANDSHAKE_FAILURE, PROTOCOL_VERSION
from snake.tls.alerts import RefusedHandshakeError as RefusedError
from snake.tls.contexts import GROUPS, Terms
from snake.tls.encryption import Encryption
from snake.tls.hello import HelloError, read_client_hello
from snake.transport.quic.endpoint import Address, Choose, Chosen


def choosing(encryption: Encryption) -> Choose:
    """Return what chooses by these policies."""

    async def choose(message: bytes, server: Address, client: Address) -> Chosen:
        try:
            hello = read_client_hello(message)
        except HelloError as error:
            raise RefusedError(str(error), DECODE_ERROR) from None
        choice = encryption.choose(hello, server[0], client[0])
        if choice is None:
            choice = await encryption.seek(hello, server[0], client[0])
        terms = choice.policy.terms
        _check(terms)
        groups = tuple(GROUPS[name][0] for name in terms.curves)
        return Chosen(hello.server_name, choice.certificate, groups)

    return choose


def _check(terms: Terms) -> None:
    """Refuse what QUIC cannot do here. Raises `RefusedHandshakeError`."""
    if terms.authentication is not None:
        raise RefusedError("clients show no certificates over QUIC", HANDSHAKE_FAILURE)
    if terms.maximum < ssl.TLSVersion.TLSv1_3:
        raise RefusedError("QUIC needs TLS 1.3", PROTOCOL_VERSION)
