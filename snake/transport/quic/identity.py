"""Identity: by what an endpoint's connections are known, to itself and to its neighbours.

A connection ID says which endpoint it belongs to, so that a datagram that came to the wrong one
can be passed on; but only to who knows the secret that all endpoints of a server share: to
others it is noise, as it must be (RFC 9000 §5.1). It is one block of AES, as in QUIC-LB.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

LENGTH = 16
"""Bytes of a connection ID."""
SECRET = 32
"""Bytes of a secret."""
_OWNER = 4
_TOKEN = 16


class Identity:
    """One endpoint's connection IDs, and the tokens that go with them."""

    def __init__(self, secret: bytes) -> None:
        self.owner = os.urandom(_OWNER)
        """What tells this endpoint from its neighbours."""
        self.token_key = derived(secret, b"address validation")
        self._reset_key = derived(secret, b"stateless reset")
        block = algorithms.AES128(derived(secret, b"connection ID")[:LENGTH])
        # One block, most of it random: there is no pattern that this mode could show.
        cipher = Cipher(block, modes.ECB())  # noqa: S305
        self._encrypt = cipher.encryptor().update
        self._decrypt = cipher.decryptor().update

    def connection_id(self) -> bytes:
        """Return a new connection ID."""
        return self._encrypt(self.owner + os.urandom(LENGTH - _OWNER))

    def owner_of(self, connection_id: bytes) -> bytes:
        """Return the owner of a connection ID, which may be anything if it is none of ours."""
        return self._decrypt(connection_id)[:_OWNER]

    def reset_token(self, connection_id: bytes) -> bytes:
        """Return what proves that a connection is gone (RFC 9000 §10.3.2)."""
        digest = hmac.digest(self._reset_key, connection_id, hashlib.sha256)
        return digest[:_TOKEN]


def derived(secret: bytes, purpose: bytes) -> bytes:
    """Return a key for one purpose."""
    return hmac.digest(secret, purpose, hashlib.sha256)
