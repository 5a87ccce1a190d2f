"""Validators: what identifies one state of a file to caches."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from snake.files.dates import http_date

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NANOSECONDS = 1_000_000_000


class Validators(NamedTuple):
    """The entity tag (empty for none) and the time of the last change."""

    etag: str
    modified: int | None
    """Unix time in seconds; `None` when it means nothing."""
    last_modified: bytes
    """The same as an HTTP date; empty when it means nothing."""


@lru_cache(maxsize=1024)
def validators(modified_ns: int, size: int) -> Validators:
    """Return the validators of a file changed at `modified_ns` (Unix time in ns).

    The tag is strong: time in nanoseconds and size, in base 36. A time of 0 or 1
    second is what archives and reproducible builds write, and tells nothing.
    Source: Caddy's `calculateEtag`.
    """
    seconds = modified_ns // _NANOSECONDS
    if seconds in (0, 1):
        return Validators("", None, b"")
    etag = f'"{_base36(modified_ns)}-{_base36(size)}"'
    return Validators(etag, seconds, http_date(seconds).encode())


def _base36(number: int) -> str:
    sign, number = ("-", -number) if number < 0 else ("", number)
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return sign + (digits or "0")
