"""What stands under a key in Redis: the value, when it was stored, and how it is packed.

The JSON is that of the Caddy module, so that Caddy and snake can share one Redis. Source:
https://github.com/pberkel/caddy-storage-redis.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from typing import Any

from snake.core.record import Record
from snake.storage.moments import moment, stamp
from snake.storage.storage import StorageError

LARGEST = 16 << 20
"""Bytes of a value, unpacked."""

COMPRESSIONS = {"flate": 1, "zlib": 2}
_WINDOWS = {1: -zlib.MAX_WBITS, 2: zlib.MAX_WBITS}
_NONCE = 12


class Stored(Record):
    """A value, unpacked."""

    value: bytes
    modified: float
    """Seconds since the epoch."""


class Packing(Record):
    """How values are packed."""

    compression: str = ""
    """`flate` (RFC 1951), `zlib` (RFC 1950), or nothing."""
    key: bytes = b""
    """32 bytes, for AES in GCM; nothing to leave values readable."""

    def pack(self, value: bytes, now: int) -> bytes:
        """Return what is put into Redis at a time, in nanoseconds since the epoch."""
        packed, compression = value, 0
        if self.compression:
            by = COMPRESSIONS[self.compression]
            shorter = _compressed(value, by)
            if len(shorter) < len(value):
                packed, compression = shorter, by
        if self.key:
            nonce = os.urandom(_NONCE)
            packed = nonce + _cipher(self.key).encrypt(nonce, packed, None)
        about = {
            "value": base64.b64encode(packed).decode(),
            "modified": stamp(now),
            "size": len(value),
            "compression": compression,
            "encryption": int(bool(self.key)),
        }
        return json.dumps(about, separators=(",", ":")).encode()

    def unpack(self, text: bytes) -> Stored:
        """Return a value. Raises `StorageError`, whose message has nothing of it."""
        try:
            about = json.loads(text)
            value = base64.b64decode(about["value"] or "", validate=True)
            modified = moment(about["modified"])
            compression, encrypted = about.get("compression", 0), about.get("encryption", 0)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise StorageError("it is not what Caddy's or snake's storage writes") from None
        if encrypted:
            value = self._decrypted(value)
        if compression:
            value = _decompressed(value, compression)
        if len(value) > LARGEST:
            raise StorageError(f"it is larger than {LARGEST >> 20} MiB")
        return Stored(value, modified)

    def _decrypted(self, value: bytes) -> bytes:
        if not self.key:
            raise StorageError("it is encrypted, and there is no encryption_key")
        try:
            plain: bytes = _cipher(self.key).decrypt(value[:_NONCE], value[_NONCE:], None)
        except Exception:  # noqa: BLE001  (whatever the library raises: the key or the value is wrong)
            raise StorageError("it is encrypted with another encryption_key") from None
        return plain


def _compressed(value: bytes, by: int) -> bytes:
    packer = zlib.compressobj(wbits=_WINDOWS[by])
    return packer.compress(value) + packer.flush()


def _decompressed(value: bytes, by: object) -> bytes:
    window = _WINDOWS.get(by) if isinstance(by, int) else None
    if window is None:
        raise StorageError(f"it is compressed in a way that is not known: {by!r}")
    unpacker = zlib.decompressobj(window)
    try:
        plain = unpacker.decompress(value, LARGEST + 1)
    except zlib.error:
        raise StorageError("it cannot be decompressed") from None
    if not unpacker.eof and len(plain) <= LARGEST:
        raise StorageError("it cannot be decompressed: its end is missing")
    return plain


def _cipher(key: bytes) -> Any:  # noqa: ANN401  (the library is loaded when it is needed)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(key)
