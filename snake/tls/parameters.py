"""Parameters: the protocols, cipher suites and curves that a connection may use."""

from __future__ import annotations

from collections.abc import Collection

from snake.caddyfile.segments import Token
from snake.core.numbers import NumberError, real
from snake.core.suggest import suggestion

PROTOCOLS = ("tls1.2", "tls1.3")
CURVES = ("x25519mlkem768", "x25519", "secp256r1", "secp384r1", "secp521r1")
CIPHER_SUITES = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
)


def known(word: Token, names: Collection[str], what: str) -> str:
    """Return a word that is one of these names. Rejects any other."""
    if word.text not in names:
        word.fail(
            f"wrong {what} name or {what} not supported: '{word}'{suggestion(word.text, names)}",
            f"supported: {', '.join(names)}",
        )
    return word.text


def read_ratio(word: Token) -> float:
    """Read the part of a certificate's lifetime in which it is renewed.

    What is no number is neither too small nor too large, and Caddy takes it.
    """
    try:
        ratio = real(word.text)
    except NumberError as error:
        word.fail(f"parsing renewal_window_ratio: {error}")
    if ratio <= 0 or ratio >= 1:
        word.fail(
            f"renewal_window_ratio must be between 0 and 1 (exclusive), got '{word}'",
            "a third of the lifetime is 0.33",
        )
    return ratio
