"""Moments as Go writes them in JSON: RFC 3339 with nanoseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_FRACTION = re.compile(r"\.(\d+)")


def stamp(nanoseconds: int) -> str:
    """Return a time as RFC 3339 has it, always of the same length."""
    seconds, rest = divmod(nanoseconds, 10**9)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def moment(text: str) -> float:
    """Return a moment in seconds since the epoch. Raises `ValueError`."""
    # Python knows microseconds, and Go writes as many digits as there are.
    found = datetime.fromisoformat(_FRACTION.sub(_micro, text))
    if found.tzinfo is None or found.year == 1:  # Go's zero time is none
        raise ValueError(f"no moment: {text!r}")
    return found.timestamp()


def _micro(found: re.Match[str]) -> str:
    return f".{found[1][:6]:0<6}"
