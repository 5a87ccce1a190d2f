"""Key: the key of an account, and what is signed with it (RFC 8555 §6.2, RFC 7515).

It is the one file that knows `acme` and `josepy`.
"""

from __future__ import annotations

import base64
import re
from typing import Any, cast

from acme.jws import JWS
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from josepy.errors import DeserializationError
from josepy.json_util import decode_b64jose, encode_b64jose
from josepy.jwa import ES256, ES384, ES512, RS256
from josepy.jwk import JWK, JWKEC, JWKRSA
from josepy.util import ComparableECKey, ComparableRSAKey

from snake.core.errors import SnakeError

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_CURVES = {"secp256r1": ES256, "secp384r1": ES384, "secp521r1": ES512}


class AccountKeyError(SnakeError):
    """A text that is no key of an account."""


class Key:
    """A private key. It is in no log and no message."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
        self._private = private
        if isinstance(private, rsa.RSAPrivateKey):
            self._jwk: JWK = JWKRSA(key=ComparableRSAKey(private))
            self._algorithm: Any = RS256
        else:
            self._jwk = JWKEC(key=ComparableECKey(private))
            self._algorithm = _CURVES[private.curve.name]

    @classmethod
    def generate(cls) -> Key:
        """Return a new key: on P-256, as certmagic's are."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def read(cls, pem: str) -> Key:
        """Return the key in a PEM text. Raises `AccountKeyError`."""
        try:
            private = serialization.load_pem_private_key(pem.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise AccountKeyError("this is no private key in PEM") from None
        if isinstance(private, rsa.RSAPrivateKey):
            return cls(private)
        if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
            return cls(private)
        raise AccountKeyError("the key of an account is RSA, or ECDSA on P-256, P-384 or P-521")

    @property
    def pem(self) -> str:
        """The key as certmagic writes it: `EC PRIVATE KEY` or `RSA PRIVATE KEY`."""
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()

    @property
    def thumbprint(self) -> str:
        """What names the key in an answer to a challenge (RFC 7638)."""
        return encoded(self._jwk.thumbprint())

    def sign(self, payload: bytes, nonce: str, url: str, account: str = "") -> bytes:
        """Return a signed request; without the URL of the account, the public key is in it."""
        signed = JWS.sign(
            payload,
            key=self._jwk,
            alg=self._algorithm,
            nonce=decode_b64jose(nonce),
            url=url,
            kid=account or None,
        )
        return str(signed.json_dumps()).encode()

    def bound(self, key_id: str, mac_key: str, new_account: str) -> dict[str, Any]:
        """Return the proof that another account may have this key (RFC 8555 §7.3.4).

        Raises `AccountKeyError` for a MAC key that is not base64.
        """
        # It brings requests and more, which nobody else needs.
        from acme.messages import ExternalAccountBinding  # noqa: PLC0415

        text = mac_key.strip().rstrip("=").replace("+", "-").replace("/", "_")
        if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
            raise AccountKeyError("the MAC key of the external account is not base64url")
        where = cast("Any", {"newAccount": new_account})
        return ExternalAccountBinding.from_data(self._jwk.public_key(), key_id, text, where)


def is_nonce(text: str) -> bool:
    """Whether a nonce can be sent back as it is (RFC 8555 §6.5.1)."""
    try:
        return bool(text) and encode_b64jose(decode_b64jose(text)) == text
    except DeserializationError:
        return False


def encoded(data: bytes) -> str:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
