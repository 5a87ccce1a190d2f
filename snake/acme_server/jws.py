"""JWS: what clients sign, strictly (RFC 8555 §6.2, RFC 7515).

Only the flattened form, one signature, and nothing that is not protected.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from josepy.errors import Error as JoseError
from josepy.jwa import ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384, RS512
from josepy.jwk import JWK, JWKEC, JWKRSA
from josepy.util import ComparableECKey, ComparableRSAKey

from snake.acme_server.refused import RefusedError, malformed
from snake.core.record import Record

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_EDWARDS = "Ed25519"
_JOSE = {
    str(each): each for each in (ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512)
}
_ALGORITHMS = {
    "ES256": "secp256r1",
    "ES384": "secp384r1",
    "ES512": "secp521r1",
    "EdDSA": _EDWARDS,
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "rsa"),
}
"""Each algorithm, and the keys that it is for."""
_SMALLEST_RSA, _LARGEST_RSA = 2048, 8192
"""Bits. A larger key would keep the processor busy."""
_LONGEST = 2048
"""Characters of a part of a key in base64."""
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
        found = PublicKey.read(key)
        if found.kind != _ALGORITHMS[self.header.alg]:
            raise malformed(f"the key is not one for {self.header.alg}")
        if not found.has_signed(self.header.alg, self._signed, self._signature):
            raise malformed("the signature is wrong")
        return self.payload


class PublicKey(Record):
    """The key of a client."""

    kind: str
    """Its curve, or `rsa`."""
    jwk: dict[str, Any]
    """Nothing but the key."""
    thumbprint: str
    """What names it (RFC 7638)."""
    _key: Any

    @classmethod
    def read(cls, jwk: dict[str, Any]) -> PublicKey:
        """Return the key in a JWK. Raises `RefusedError` for one that is weak, or of no use."""
        if any(name in jwk for name in _PRIVATE):
            raise RefusedError("badPublicKey", "this is a private key: do not use it any more")
        if any(not isinstance(value, str) or len(value) > _LONGEST for value in jwk.values()):
            raise RefusedError("badPublicKey", "a field of the key is no text, or too long")
        if jwk.get("kty") == "OKP":
            return cls._edwards(jwk)
        try:
            found = JWK.from_json(jwk)
        except (JoseError, ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
            raise RefusedError("badPublicKey", f"no public key: {error}") from None
        if not isinstance(found, JWKEC | JWKRSA):
            raise RefusedError("badPublicKey", "a key is EC, OKP or RSA")
        key = found.key
        if isinstance(found, JWKRSA) and not _SMALLEST_RSA <= key.key_size <= _LARGEST_RSA:
            sizes = f"{_SMALLEST_RSA} to {_LARGEST_RSA}"
            raise RefusedError("badPublicKey", f"RSA keys have {sizes} bits, not {key.key_size}")
        return cls._of(found)

    @classmethod
    def _of(cls, found: JWKEC | JWKRSA) -> PublicKey:
        kind = "rsa" if isinstance(found, JWKRSA) else str(found.key.curve.name)
        return cls(kind, dict(found.to_json()), encoded(found.thumbprint()), found.key)

    @classmethod
    def _edwards(cls, jwk: dict[str, Any]) -> PublicKey:
        """Return a key of RFC 8037, which josepy has not."""
        try:
            key = ed25519.Ed25519PublicKey.from_public_bytes(decoded(jwk.get("x", "")))
        except ValueError:
            raise RefusedError("badPublicKey", "no key of Ed25519") from None
        if jwk.get("crv") != _EDWARDS:
            raise RefusedError("badPublicKey", f"keys of the kind OKP are of {_EDWARDS}")
        bare = {"crv": _EDWARDS, "kty": "OKP", "x": encoded(key.public_bytes_raw())}
        text = msgspec.json.encode(bare, order="sorted")
        return cls(_EDWARDS, bare, encoded(hashlib.sha256(text).digest()), key)

    @classmethod
    def of(cls, public: object) -> PublicKey | None:
        """Return the key of a certificate; `None` for one that signs no requests."""
        if isinstance(public, ec.EllipticCurvePublicKey):
            return cls._of(JWKEC(key=ComparableECKey(public)))
        if isinstance(public, rsa.RSAPublicKey):
            return cls._of(JWKRSA(key=ComparableRSAKey(public)))
        return None

    def has_signed(self, algorithm: str, data: bytes, signature: bytes) -> bool:
        """Whether a signature over some bytes is by this key."""
        try:
            if self.kind == _EDWARDS:
                self._key.verify(signature, data)
                return True
            return bool(_JOSE[algorithm].verify(self._key, data, signature))
        except (JoseError, ValueError, InvalidSignature):
            return False


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
