"""JWS: what clients sign, strictly (RFC 8555 §6.2, RFC 7515).

Only the flattened form, one signature, and nothing that is not protected.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from josepy.errors import Error as JoseError
from josepy.jwa import ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384, RS512
from josepy.jwk import JWK, JWKEC, JWKRSA
from josepy.util import ComparableECKey, ComparableRSAKey

from snake.acme_server.refused import RefusedError, malformed
from snake.core.record import Record

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_ALGORITHMS: dict[str, tuple[Any, str]] = {
    "ES256": (ES256, "secp256r1"),
    "ES384": (ES384, "secp384r1"),
    "ES512": (ES512, "secp521r1"),
    **{str(each): (each, "rsa") for each in (RS256, RS384, RS512, PS256, PS384, PS512)},
}
"""Each algorithm, and the keys that it is for."""
_SMALLEST_RSA, _LARGEST_RSA = 2048, 8192
"""Bits. A larger key would keep the processor busy."""
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "k")


class _Flattened(msgspec.Struct, forbid_unknown_fields=True):
    protected: str
    payload: str
    signature: str


class Header(msgspec.Struct):
    """The protected header."""

    alg: str
    nonce: str
    url: str
    jwk: dict[str, Any] | None = None
    kid: str | None = None
    crit: Any = None
    b64: Any = None


class Signed(Record):
    """A request as it came. Nothing of it is to be believed before `verified`."""

    header: Header
    payload: bytes
    _signed: bytes
    _signature: bytes

    @classmethod
    def read(cls, body: bytes) -> Signed:
        """Return the request in a body. Raises `RefusedError`."""
        try:
            whole = msgspec.json.decode(body, type=_Flattened)
            header = msgspec.json.decode(decoded(whole.protected), type=Header)
        except (msgspec.DecodeError, RecursionError) as error:
            raise malformed(f"the body is no flattened JWS: {error}") from None
        if header.alg not in _ALGORITHMS:
            known = ", ".join(_ALGORITHMS)
            raise RefusedError(
                "badSignatureAlgorithm",
                f"unsuitable algorithm {header.alg[:20]!r}; there are {known}",
            )
        if header.crit is not None or header.b64 is not None:
            raise malformed("crit and b64 are not understood")
        if (header.jwk is None) == (header.kid is None):
            raise malformed("the protected header has either jwk or kid")
        signed = f"{whole.protected}.{whole.payload}".encode()
        return cls(header, decoded(whole.payload), signed, decoded(whole.signature))

    def verified(self, key: dict[str, Any]) -> bytes:
        """Return the payload. Raises `RefusedError` if this key has not signed it."""
        found = public_key(key)
        algorithm, kind = _ALGORITHMS[self.header.alg]
        if kind != _kind(found):
            raise malformed(f"the key is not one for {self.header.alg}")
        try:
            right = algorithm.verify(found.key, self._signed, self._signature)
        except (JoseError, ValueError):
            right = False
        if not right:
            raise malformed("the signature is wrong")
        return self.payload


def public_key(jwk: dict[str, Any]) -> JWKEC | JWKRSA:
    """Return the key in a JWK. Raises `RefusedError` for one that is weak, or for no signatures."""
    if any(name in jwk for name in _PRIVATE):
        raise RefusedError("badPublicKey", "this is a private key: do not use it any more")
    if any(not isinstance(value, str) or len(value) > _LARGEST_RSA for value in jwk.values()):
        raise RefusedError("badPublicKey", "a field of the key is no text, or too long")
    try:
        found = JWK.from_json(jwk)
    except (JoseError, ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        raise RefusedError("badPublicKey", f"no public key: {error}") from None
    if not isinstance(found, JWKEC | JWKRSA):
        raise RefusedError("badPublicKey", "a key is EC or RSA")
    if isinstance(found, JWKRSA) and not _SMALLEST_RSA <= found.key.key_size <= _LARGEST_RSA:
        sizes = f"{_SMALLEST_RSA} to {_LARGEST_RSA}"
        raise RefusedError("badPublicKey", f"RSA keys have {sizes} bits, not {found.key.key_size}")
    return found


def thumbprint(jwk: dict[str, Any]) -> str:
    """Return what names a key (RFC 7638). Raises `RefusedError`."""
    return encoded(public_key(jwk).thumbprint())


def thumbprint_of(public: object) -> str:
    """Return what names the key of a certificate; nothing for one that signs no requests."""
    if isinstance(public, ec.EllipticCurvePublicKey):
        return encoded(JWKEC(key=ComparableECKey(public)).thumbprint())
    if isinstance(public, rsa.RSAPublicKey):
        return encoded(JWKRSA(key=ComparableRSAKey(public)).thumbprint())
    return ""


def canonical(jwk: dict[str, Any]) -> dict[str, Any]:
    """Return a JWK with nothing in it but the key. Raises `RefusedError`."""
    return dict(public_key(jwk).to_json())


def decoded(text: str) -> bytes:
    """Return what is in base64url without padding. Raises `RefusedError`."""
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise malformed("expected base64url without padding")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise malformed("expected base64url without padding") from None


def encoded(data: bytes) -> str:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _kind(key: JWKEC | JWKRSA) -> str:
    public = key.key
    if isinstance(key, JWKRSA) or isinstance(public, rsa.RSAPublicKey):
        return "rsa"
    curve: ec.EllipticCurve = public.curve
    return curve.name
