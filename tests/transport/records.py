"""Records of TLS 1.3, sealed by hand: what no library sends (RFC 8446 §5.2, §7.1)."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DATA, HANDSHAKE, ALERT = 23, 22, 21
KEY_UPDATE = b"\x18\x00\x00\x01"


class Sealer:
    """Seals what a client sends, with TLS_AES_256_GCM_SHA384."""

    def __init__(self, secret: bytes) -> None:
        self._use(secret)

    @classmethod
    def of(cls, log: Path) -> Sealer:
        """Begin with the last secret in a key log: nothing must have been sent with it."""
        lines = [line.split() for line in log.read_text().splitlines()]
        secrets = [words[2] for words in lines if words[:1] == ["CLIENT_TRAFFIC_SECRET_0"]]
        return cls(bytes.fromhex(secrets[-1]))

    def _use(self, secret: bytes) -> None:
        self._secret = secret
        self._sequence = 0
        self._key = AESGCM(_expand(secret, b"key", 32))
        self._iv = int.from_bytes(_expand(secret, b"iv", 12))

    def seal(self, kind: int, data: bytes) -> bytes:
        """Return a record."""
        inner = data + bytes((kind,))
        head = b"\x17\x03\x03" + (len(inner) + 16).to_bytes(2)
        nonce = (self._iv ^ self._sequence).to_bytes(12)
        self._sequence += 1
        return head + self._key.encrypt(nonce, inner, head)

    def update(self, *, requested: bool) -> bytes:
        """Return a record with a key update, and go on with the next key."""
        record = self.seal(HANDSHAKE, KEY_UPDATE + bytes((requested,)))
        self._use(_expand(self._secret, b"traffic upd", 48))
        return record


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label, with nothing in its context."""
    label = b"tls13 " + label
    info = size.to_bytes(2) + bytes((len(label),)) + label + b"\x00"
    return hmac.digest(secret, info + b"\x01", hashlib.sha384)[:size]
