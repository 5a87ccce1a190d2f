"""Tokens: the proof that a client gets packets at its address (RFC 9000 §8.1.2).

Any endpoint of a server can check them: the client's next packet may come to another one.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_LIFE = 30.0
"""Seconds in which a client comes back; they do so at once (RFC 9000 §8.1.4)."""
_HEAD = struct.Struct("!dB")


class Tokens:
    """Makes and checks tokens."""

    def __init__(self, key: bytes, now: Callable[[], float] = time.time) -> None:
        self._aead = AESGCM(key)
        self._now = now

    def make(self, address: bytes, original_id: bytes, retry_id: bytes) -> bytes:
        """Return the token for who asked at `original_id` and is to ask again at `retry_id`."""
        nonce = os.urandom(_NONCE)
        text = _HEAD.pack(self._now(), len(original_id)) + original_id + retry_id
        return nonce + self._aead.encrypt(nonce, text, address)

    def original_id(self, token: bytes, address: bytes, retry_id: bytes) -> bytes | None:
        """Return the connection ID that a client asked at first; `None` for a wrong token."""
        try:
            text = self._aead.decrypt(token[:_NONCE], token[_NONCE:], address)
        except (InvalidTag, ValueError):
            return None
        made, size = _HEAD.unpack_from(text)
        end = _HEAD.size + size
        if text[end:] != retry_id or not 0 <= self._now() - made <= _LIFE:
            return None
        return text[_HEAD.size : end]
