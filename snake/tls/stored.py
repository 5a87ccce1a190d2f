"""Certificates in a storage: three keys for each, as certmagic writes them.

What Caddy has obtained is read, and Caddy serves what was obtained here. Source:
https://pkg.go.dev/github.com/caddyserver/certmagic#CertificateResource.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from snake.storage import keys
from snake.storage.storage import MissingError, Storage, StorageError
from snake.tls.certificate import Certificate, CertificateError

_ENDINGS = ("key", "crt", "json")
"""In the order in which they are written: one with its `.json` is whole."""
_ATTEMPTS = 3
_PAUSE = 0.1


class BrokenError(StorageError):
    """A certificate that is stored, and of no use: a part is not what it should be.

    So it is after a process was killed between two parts, too.
    """


async def load(storage: Storage, issuer_key: str, name: str) -> Certificate | None:
    """Return the certificate that is stored for a name; `None` if one of its parts is not there.

    Raises `BrokenError`, and `StorageError` when the storage fails.
    """
    place = keys.site(issuer_key, name)
    for attempt in range(_ATTEMPTS):
        try:
            key, chain, about = [
                await storage.load(keys.certificate(issuer_key, name, ending))
                for ending in _ENDINGS
            ]
        except MissingError:
            return None
        _decoded(about, place)
        try:
            return Certificate.read(chain.decode(), key.decode(), issuer_key=issuer_key)
        except UnicodeDecodeError:
            raise BrokenError(f"{place}: a certificate or key that is no text") from None
        except CertificateError as error:
            # Another process may be between its key and its certificate.
            if attempt == _ATTEMPTS - 1:
                raise BrokenError(f"{place}: {error}") from None
        await asyncio.sleep(_PAUSE)
    raise AssertionError


async def save(
    storage: Storage,
    certificate: Certificate,
    metadata: dict[str, Any] | None = None,
    *,
    names: Iterable[str] = (),
) -> None:
    """Store a certificate under the names it was asked for, or those it has.

    `metadata` is what its issuer will want to know of it (`issuer_data`). Raises `StorageError`;
    then what was stored before is there again, as far as the storage allows.
    """
    asked = sorted(names or certificate.names)
    name = keys.joined(asked)
    values = {
        "key": certificate.key.encode(),
        "crt": certificate.chain.encode(),
        "json": _encoded({"sans": asked, "issuer_data": metadata or None}),
    }
    before: dict[str, bytes | None] = {}
    try:
        for ending in _ENDINGS:
            at = keys.certificate(certificate.issuer_key, name, ending)
            before[at] = await _there(storage, at)
            await storage.store(at, values[ending])
    except StorageError:
        for at, value in reversed(before.items()):
            with suppress(StorageError):
                await (storage.delete(at) if value is None else storage.store(at, value))
        raise


async def metadata(storage: Storage, issuer_key: str, name: str) -> dict[str, Any]:
    """Return what the issuer of a stored certificate said of it; nothing if it said nothing.

    Raises `StorageError`.
    """
    try:
        text = await storage.load(keys.certificate(issuer_key, name, "json"))
    except MissingError:
        return {}
    found = _decoded(text, keys.site(issuer_key, name)).get("issuer_data")
    return found if isinstance(found, dict) else {}


async def remember(
    storage: Storage, issuer_key: str, names: Iterable[str], metadata: dict[str, Any]
) -> None:
    """Store what an issuer says of a certificate that is stored already. Raises `StorageError`."""
    asked = sorted(names)
    at = keys.certificate(issuer_key, keys.joined(asked), "json")
    await storage.store(at, _encoded({"sans": asked, "issuer_data": metadata or None}))


async def _there(storage: Storage, key: str) -> bytes | None:
    try:
        return await storage.load(key)
    except MissingError:
        return None


def _decoded(text: bytes, place: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BrokenError(f"{place}: its .json is no JSON object")
    return found


_ESCAPED = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def _encoded(value: dict[str, Any]) -> bytes:
    """Return JSON as Go writes it, byte for byte."""
    text = json.dumps(value, indent="\t", ensure_ascii=False)
    return text.translate(_ESCAPED).encode()
