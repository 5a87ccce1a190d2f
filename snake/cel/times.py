"""Durations and timestamps: reading them, their arithmetic and their parts.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#timestamps-and-durations.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from operator import attrgetter
from zoneinfo import ZoneInfo

from snake.cel.errors import EvaluationError
from snake.cel.overload import Entry, function, method
from snake.cel.values import Duration, Timestamp
from snake.core.units import SECOND, UnitError, plain_duration

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII
)
_OFFSET = re.compile(r"([+-]?\d{1,9}):([+-]?\d{1,9})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62135596800, 253402300799
"""The seconds of the years 1 to 9999."""
_LONGEST = 1 << 63
_HOUR, _MINUTE, _MILLISECOND = 3600 * SECOND, 60 * SECOND, SECOND // 1000


def parse_duration(text: str) -> Duration:
    """Read a duration as Go does. Raises `EvaluationError`."""
    try:
        return Duration(plain_duration(text))
    except UnitError:
        problem = "type conversion error from 'string' to 'google.protobuf.Duration'"
        raise EvaluationError(problem) from None


def parse_timestamp(given: str | int) -> Timestamp:
    """Read a timestamp of RFC 3339, or take seconds since 1970. Raises `EvaluationError`."""
    if isinstance(given, int):
        return _timestamp(given * SECOND)
    found = _RFC3339.fullmatch(given)
    try:
        if found is None:
            raise ValueError(given)  # noqa: TRY301
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
        offset = timedelta(hours=int(found[4] or 0), minutes=int(found[5] or 0))
        offset = -offset if found[3] == "-" else offset
        seconds = (moment - _EPOCH - offset) // timedelta(seconds=1)
    except ValueError:
        problem = "type conversion error from 'string' to 'google.protobuf.Timestamp'"
        raise EvaluationError(problem) from None
    return _timestamp(seconds * SECOND + int((found[2] or "0")[:9].ljust(9, "0")), offset)


def _timestamp(ns: int, offset: timedelta = timedelta()) -> Timestamp:
    if not _FIRST <= ns // SECOND <= _LAST:
        raise EvaluationError("timestamp overflow")
    return Timestamp(ns, offset)


def _duration(ns: int) -> Duration:
    if not -_LONGEST <= ns < _LONGEST:
        raise EvaluationError("integer overflow")
    return Duration(ns)


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    """Return a time zone by its name or as an offset such as `+02:00`. Raises `EvaluationError`."""
    if found := _OFFSET.fullmatch(name):
        hours, minutes = int(found[1]), int(found[2])
        if not 0 <= minutes <= 59:  # noqa: PLR2004
            raise EvaluationError(f"timezone offset minutes out of range [0, 59]: {name}")
        minutes = hours * 60 + (-minutes if name.startswith("-") else minutes)
        try:
            return timezone(timedelta(minutes=minutes))
        except (ValueError, OverflowError):
            raise EvaluationError(f"unknown time zone {name}") from None
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise EvaluationError(f"unknown time zone {name}") from None


def _part(of: Callable[[datetime], int]) -> Callable[..., int]:
    """Return what gives a part of a timestamp, in UTC or in a zone."""
    return lambda moment, zone="UTC": of(moment.time.astimezone(_zone(zone)))


def _towards_zero(unit: int) -> Callable[[Duration], int]:
    return lambda duration: abs(duration.ns) // unit * (-1 if duration.ns < 0 else 1)


_PARTS: dict[str, Callable[[datetime], int]] = {
    "getFullYear": attrgetter("year"),
    "getMonth": lambda time: time.month - 1,
    "getDayOfYear": lambda time: time.timetuple().tm_yday - 1,
    "getDayOfMonth": lambda time: time.day - 1,
    "getDate": attrgetter("day"),
    "getDayOfWeek": lambda time: time.isoweekday() % 7,
    "getHours": attrgetter("hour"),
    "getMinutes": attrgetter("minute"),
    "getSeconds": attrgetter("second"),
    "getMilliseconds": lambda time: time.microsecond // 1000,
}
_UNITS = {
    "getHours": _HOUR,
    "getMinutes": _MINUTE,
    "getSeconds": SECOND,
    "getMilliseconds": _MILLISECOND,
}

TIMES: tuple[Entry, ...] = (
    *(
        method(name, f"timestamp {zone}int", _part(of))
        for name, of in _PARTS.items()
        for zone in ("", "string ")
    ),
    *(method(name, "duration int", _towards_zero(unit)) for name, unit in _UNITS.items()),
    function("_+_", "duration duration duration", lambda a, b: _duration(a.ns + b.ns)),
    function("_+_", "duration timestamp timestamp", lambda a, b: _timestamp(a.ns + b.ns, b.offset)),
    function("_+_", "timestamp duration timestamp", lambda a, b: _timestamp(a.ns + b.ns, a.offset)),
    function("_-_", "duration duration duration", lambda a, b: _duration(a.ns - b.ns)),
    function("_-_", "timestamp duration timestamp", lambda a, b: _timestamp(a.ns - b.ns, a.offset)),
    function("_-_", "timestamp timestamp duration", lambda a, b: _duration(a.ns - b.ns)),
)
