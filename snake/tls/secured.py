"""Secured: what the handshake of a connection with TLS came to.

The transport makes one for each connection, and every request on it has it in its scope:
`scope[SECURED]` for snake's own, `scope["extensions"]["tls"]` for apps
(https://asgi.readthedocs.io/en/latest/specs/tls.html). A connection without TLS has neither.
"""

from __future__ import annotations

from typing import Any

from snake.core.record import Record

SECURED = "snake.tls"
"""The key of a scope whose connection has TLS: a `Secured`."""
EXTENSION = "tls"
"""The extension that apps read; `asgi_extension` makes it."""

TLS12 = 0x0303
TLS13 = 0x0304
_VERSIONS = {"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": TLS12, "TLSv1.3": TLS13}

_SUITES = {
    0x1301: ("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
    0x1302: ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
    0x1303: ("TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
    0xC009: ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"),
    0xC013: ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"),
    0xC00A: ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"),
    0xC014: ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"),
    0xC02B: ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    0xC02F: ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
    0xC02C: ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    0xC030: ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
    0xCCA8: ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
    0xCCA9: ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
}
"""Cipher suites by their number: IANA's name, and OpenSSL's."""
_BY_OPENSSL_NAME = {openssl: number for number, (_, openssl) in _SUITES.items()}


class Secured(Record):
    """A connection's TLS, as far as requests ask about it."""

    server_name: str = ""
    """The name that the client asked for (SNI), in lower case; empty if it asked for none."""
    version: int = 0
    """Of the protocol, such as 0x0304 for TLS 1.3."""
    cipher_suite: int = 0
    """Its number with IANA, such as 0x1301."""
    alpn: str = ""
    """The application protocol that both have agreed on; empty if they have none."""
    resumed: bool = False
    peers: tuple[bytes, ...] = ()
    """The client's certificates in DER, its own first; none if it has shown none."""
    peer_error: str = ""
    """Why the client's certificates are not to be believed, where they are not verified."""
    chain: str = ""
    """The server's own certificates in PEM, the leaf first. No key is in here."""
    early_data: bool = False
    """Whether requests may still come that somebody has sent before (0-RTT, RFC 8470)."""
    asks_client: bool = False
    """Whether clients are asked for certificates here, which is not done over QUIC."""


def version_of(text: str) -> int:
    """Return the number of a version that is written as OpenSSL does; 0 for an unknown one."""
    return _VERSIONS.get(text, 0)


def suite_of(openssl_name: str) -> int:
    """Return the number of a cipher suite by OpenSSL's name; 0 for an unknown one."""
    return _BY_OPENSSL_NAME.get(openssl_name, 0)


def suite_name(number: int) -> str:
    """Return IANA's name of a cipher suite; its number in hexadecimal if it is unknown."""
    known = _SUITES.get(number)
    return known[0] if known is not None else f"0x{number:04X}"


def version_name(number: int) -> str:
    """Return what Caddy calls a version, such as `tls1.3`."""
    minor = number - _VERSIONS["TLSv1"]
    return f"tls1.{minor}" if 0 <= minor <= TLS13 - _VERSIONS["TLSv1"] else f"0x{number:04x}"


def asgi_extension(secured: Secured) -> dict[str, Any]:
    """Return what ASGI's extension `tls` tells an app. Made once for a connection."""
    leaf, end, _ = secured.chain.partition(_END)
    return {
        "server_cert": leaf + end + "\n" if end else None,
        "client_cert_chain": [_pem(der) for der in secured.peers],
        "client_cert_name": _name(secured.peers[0]) if secured.peers else None,
        "client_cert_error": secured.peer_error or None,
        "tls_version": secured.version or None,
        "cipher_suite": secured.cipher_suite or None,
    }


_END = "-----END CERTIFICATE-----"


def _pem(der: bytes) -> str:
    from ssl import DER_cert_to_PEM_cert  # noqa: PLC0415  (a process without TLS needs none of it)

    return DER_cert_to_PEM_cert(der)


def _name(der: bytes) -> str | None:
    """Return the subject of a client's certificate, as in RFC 4514; `None` if it is none."""
    from snake.tls.peer_certificate import PeerCertificate  # noqa: PLC0415

    certificate = PeerCertificate.of(der)
    return certificate.subject if certificate is not None else None
