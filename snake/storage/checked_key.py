"""Keys of any origin: which ones a storage takes."""

from __future__ import annotations

from snake.storage.storage import StorageError

_LONGEST = 2048


def checked(key: str) -> str:
    """Return a key. Raises `StorageError` for one that could leave the storage."""
    parts = key.split("/")
    if (
        not key
        or len(key) > _LONGEST
        or any(part in ("", ".", "..") for part in parts)
        or any(char in "\\\0" or not char.isprintable() for char in key)
        or (len(parts[0]) == 2 and parts[0][1] == ":")  # noqa: PLR2004  (a drive of Windows)
    ):
        raise StorageError(
            f"no key of a storage: {key[:80]!r}; one is names joined by /, with no . or .. in it"
        )
    return key


def checked_prefix(prefix: str) -> str:
    """Return a prefix, which is a key or empty. Raises `StorageError`."""
    return checked(prefix) if prefix else ""
