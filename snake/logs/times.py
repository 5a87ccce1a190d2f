"""The time of a record, in the formats that Caddy knows by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Format = Callable[[float], "float | int | str"]
"""From seconds since 1970 to what the record shows."""


def _text(layout: str, *, local: bool) -> Format:
    zone = None if local else UTC

    def text(seconds: float) -> str:
        moment = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
        return moment.strftime(layout.replace("%3f", f"{moment.microsecond // 1000:03d}"))

    return text


def _rfc3339(timespec: str, *, local: bool) -> Format:
    zone = None if local else UTC

    def text(seconds: float) -> str:
        moment = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
        return moment.isoformat(timespec=timespec).replace("+00:00", "Z")

    return text


_NUMERIC: dict[str, Format] = {
    "unix_seconds_float": float,
    "unix_milli_float": lambda seconds: seconds * 1e3,
    "unix_nano": lambda seconds: int(seconds * 1e9),
}

_TEXTUAL = {
    "wall": "%Y/%m/%d %H:%M:%S",
    "wall_milli": "%Y/%m/%d %H:%M:%S.%3f",
    "iso8601": "%Y-%m-%dT%H:%M:%S.%3f%z",
    "common_log": "%d/%b/%Y:%H:%M:%S %z",
}

NAMES = (*_NUMERIC, *_TEXTUAL, "rfc3339", "rfc3339_nano")


def formatter(name: str, *, local: bool) -> Format | None:
    """Return the format with this name; `None` if there is none."""
    if name in _NUMERIC:
        return _NUMERIC[name]
    if name in _TEXTUAL:
        return _text(_TEXTUAL[name], local=local)
    if name in ("rfc3339", "rfc3339_nano"):
        return _rfc3339("seconds" if name == "rfc3339" else "microseconds", local=local)
    return None
