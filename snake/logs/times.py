"""The time of a record, and how long things took, in the formats that Caddy knows by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from snake.core.layout import layout
from snake.core.suggest import suggestion

Format = Callable[[float], "float | int | str"]
"""From seconds since 1970 to what the record shows."""

_ISO = "2006-01-02T15:04:05.000Z0700"

_NUMERIC: dict[str, Format] = {
    "unix_seconds_float": float,
    "unix_milli_float": lambda seconds: seconds * 1e3,
    "unix_nano": lambda seconds: int(seconds * 1e9),
}

_LAYOUTS = {
    "rfc3339": "2006-01-02T15:04:05Z07:00",
    "rfc3339_nano": "2006-01-02T15:04:05.999999999Z07:00",
    "wall": "2006/01/02 15:04:05",
    "wall_milli": "2006/01/02 15:04:05.000",
    "wall_nano": "2006/01/02 15:04:05.000000000",
    "common_log": "02/Jan/2006:15:04:05 -0700",
}

NAMES = (*_NUMERIC, "iso8601", *_LAYOUTS)

DURATION = "duration"
"""The field that says how long something took, in seconds."""

_SECOND = 10**9
_SMALL = (("ms", 10**6), ("µs", 10**3), ("ns", 1))

_UNITS = {
    **dict.fromkeys(("", "s", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "milli", "millis"), "ms"),
    **dict.fromkeys(("ns", "nano", "nanos"), "ns"),
    "string": "string",
}


def formatter(name: str, *, local: bool) -> Format | None:
    """Return the format with this name, or of this layout of Go's; `None` if it is neither.

    `iso8601` is in local time always, as in Caddy.
    """
    if name in _NUMERIC:
        return _NUMERIC[name]
    form = layout(_ISO if name == "iso8601" else _LAYOUTS.get(name, name))
    if form.is_constant:
        return None
    zone = None if local or name == "iso8601" else UTC
    return lambda seconds: form.write(datetime.fromtimestamp(seconds, UTC).astimezone(zone))


def duration_formatter(name: str) -> Format | None:
    """Return how durations are written; seconds for a name that there is not.

    `None` stands for seconds as they are.
    """
    match _UNITS.get(name, "s"):
        case "ms":
            return lambda seconds: int(seconds * 1e3)
        case "ns":
            return lambda seconds: round(seconds * 1e9)
        case "string":
            return _as_go_does
        case _:
            return None


def unknown_duration(name: str) -> str:
    """Return what is wrong with the name of a duration's format; empty if nothing is."""
    if name in _UNITS:
        return ""
    return f'unknown duration format "{name}"{suggestion(name, _UNITS)}'


def _as_go_does(seconds: float) -> str:
    """Write a duration as in `1h2m3.5s` or `468.375µs`."""
    nanoseconds = round(seconds * 1e9)
    if nanoseconds < _SECOND:
        small = next((unit for unit in _SMALL if nanoseconds >= unit[1]), None)
        return f"{_decimal(nanoseconds, small[1])}{small[0]}" if small else "0s"
    minutes, rest = divmod(nanoseconds, 60 * _SECOND)
    hours, minutes = divmod(minutes, 60)
    larger = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{larger}{_decimal(rest, _SECOND)}s"


def _decimal(nanoseconds: int, unit: int) -> str:
    whole, rest = divmod(nanoseconds, unit)
    digits = len(str(unit)) - 1
    return f"{whole}.{rest:0{digits}}".rstrip("0").rstrip(".") if digits else str(whole)
