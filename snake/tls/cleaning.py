"""Cleaning: what a storage need not keep any more, as certmagic cleans it.

Source: https://pkg.go.dev/github.com/caddyserver/certmagic#CleanStorage.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator, Callable

from snake.storage import keys
from snake.storage.lock_file import updated
from snake.storage.moments import moment, stamp
from snake.storage.storage import MissingError, Storage, StorageError

logger = logging.getLogger("snake")

DAY = 86_400.0
INTERVAL = DAY
"""Seconds between two cleanings of one storage, whoever does them."""
GRACE = 14 * DAY
"""Seconds for which an expired certificate is kept."""
LEFT_BEHIND = DAY
"""Seconds after which a lock or a challenge was left behind by who has died."""

_LOCK = "storage_clean"


async def clean(
    storage: Storage,
    *,
    interval: float = INTERVAL,
    instance: str = "",
    now: Callable[[], float] = time.time,
) -> bool:
    """Remove what is of no more use; return whether it was time to.

    Of all who share a storage one does it, and writes down when, and as which `instance`. What
    cannot be read is logged and left. Raises `StorageError` when the storage fails as a whole.
    """
    async with storage.lock(_LOCK):
        # A time to come is one of a clock that was wrong.
        if 0 <= now() - await _cleaned(storage) < interval:
            return False
        removed = [key async for key in _useless(storage, now())]
        for key in removed:
            await _remove(storage, key)
        for site in {key.rpartition("/")[0] for key in removed if _is_certificate(key)}:
            if not await storage.list(site):
                await _remove(storage, site)
        told = {"timestamp": stamp(int(now() * 1e9))} | (
            {"instance_id": instance} if instance else {}
        )
        text = json.dumps({"tls": told}, separators=(",", ":"))
        await storage.store(keys.LAST_CLEAN, text.encode())
    if removed:
        logger.info("cleaned the storage", extra={"fields": {"removed": len(removed)}})
    return True


async def _cleaned(storage: Storage) -> float:
    """Return when it was cleaned last, in seconds since the epoch."""
    try:
        about = json.loads(await storage.load(keys.LAST_CLEAN))
        return moment(about["tls"]["timestamp"])
    except MissingError:
        return 0.0
    except (ValueError, TypeError, KeyError, RecursionError):
        logger.warning("it is not known when the storage was cleaned", extra=_of(keys.LAST_CLEAN))
        return 0.0


async def _useless(storage: Storage, now: float) -> AsyncIterator[str]:
    """Yield the keys of what has expired, and of what the dead have left behind."""
    for key in await storage.list(keys.STAPLES):
        value = await _there(storage, key)
        if value is not None and _staple_ends(value) < now:
            yield key
    for key in await storage.list(keys.CERTIFICATES, recursive=True):
        if not key.endswith(".crt"):
            continue
        value = await _there(storage, key)
        if value is not None and (end := _ends(key, value)) is not None and end + GRACE <= now:
            for ending in (".crt", ".key", ".json"):
                yield key.removesuffix(".crt") + ending
    async for key in _left_behind(storage, now):
        yield key


async def _left_behind(storage: Storage, now: float) -> AsyncIterator[str]:
    """Yield the keys of locks and challenges that nobody has any more."""
    for key in await storage.list(keys.LOCKS):
        value = await _there(storage, key)
        if value is not None and (updated(value) or now) + LEFT_BEHIND < now:
            yield key
    for key in await storage.list("acme", recursive=True):
        if "/challenge_tokens/" in key and await _modified(storage, key, now) + LEFT_BEHIND < now:
            yield key


def _is_certificate(key: str) -> bool:
    return key.startswith(f"{keys.CERTIFICATES}/")


def _ends(key: str, chain: bytes) -> float | None:
    """Return when a certificate expires; `None` for what is none."""
    from cryptography import x509  # noqa: PLC0415  (it takes a while to load)

    try:
        leaf = x509.load_pem_x509_certificates(chain)[0]
    except ValueError:
        logger.warning("what should be a certificate is none", extra=_of(key))
        return None
    return leaf.not_valid_after_utc.timestamp()


def _staple_ends(response: bytes) -> float:
    """Return until when an OCSP response is good; what is none was never good."""
    from cryptography.x509 import ocsp  # noqa: PLC0415

    try:
        end = ocsp.load_der_ocsp_response(response).next_update_utc
    except ValueError:
        return 0.0
    return end.timestamp() if end is not None else 0.0


async def _there(storage: Storage, key: str) -> bytes | None:
    try:
        return await storage.load(key)
    except MissingError:
        return None
    except StorageError as error:
        logger.warning("cannot clean up", extra=_of(key, str(error)))
        return None


async def _modified(storage: Storage, key: str, otherwise: float) -> float:
    try:
        return (await storage.stat(key)).modified
    except StorageError:
        return otherwise


async def _remove(storage: Storage, key: str) -> None:
    try:
        await storage.delete(key)
    except MissingError:
        pass
    except StorageError as error:
        logger.warning("cannot clean up", extra=_of(key, str(error)))


def _of(key: str, error: str = "") -> dict[str, dict[str, str]]:
    return {"fields": {"key": key} | ({"error": error} if error else {})}
