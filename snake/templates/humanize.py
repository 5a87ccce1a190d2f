"""humanize: sizes and times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from jinja2 import TemplateRuntimeError

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_STEP = 1000
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_PERIODS = (
    # up to seconds, one of what, seconds of one
    (_MINUTE, "second", 1),
    (_HOUR, "minute", _MINUTE),
    (_DAY, "hour", _HOUR),
    (7 * _DAY, "day", _DAY),
    (30 * _DAY, "week", 7 * _DAY),
    (360 * _DAY, "month", 30 * _DAY),
    (540 * _DAY, "year", 360 * _DAY),
    (720 * _DAY, "year", 270 * _DAY),  # from a year and a half on it is two
    (37 * 360 * _DAY, "year", 360 * _DAY),
)


def humanize(kind: str, value: object) -> str:
    """Write a `size` of bytes as `2.0 MB`, or a `time` as `2 weeks ago`.

    The form of a time may follow, as Python writes it: `time:%Y-%m-%d`. Raises
    `TemplateRuntimeError`.
    """
    kind, _, form = kind.partition(":")
    if kind == "size":
        return size(value)
    if kind == "time":
        return since(value if isinstance(value, datetime) else _parsed(str(value), form))
    raise TemplateRuntimeError(f"humanize: {kind!r} is neither size nor time")


def size(value: object) -> str:
    """Write a number of bytes with one of the units of a thousand."""
    try:
        number = int(str(value))
    except ValueError:
        raise TemplateRuntimeError(f"humanize: {value!r} is no size") from None
    if not 0 <= number < 1 << 64:
        raise TemplateRuntimeError(f"humanize: {value!r} is no size")
    unit, scale = 0, 1
    while number >= scale * _STEP and unit < len(_UNITS) - 1:
        unit, scale = unit + 1, scale * _STEP
    if number < 10:  # noqa: PLR2004  (such as Caddy: without a place behind the point)
        return f"{number} B"
    tenths = (number * 10 + scale // 2) // scale
    short = f"{tenths / 10:.1f}" if tenths < 100 else f"{tenths / 10:.0f}"  # noqa: PLR2004
    return f"{short} {_UNITS[unit]}"


def since(time: datetime, now: datetime | None = None) -> str:
    """Tell how long ago a time is, or how far ahead; without a zone it is UTC."""
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    seconds = int(((now or datetime.now(UTC)) - time).total_seconds())
    where = "ago" if seconds > 0 else "from now"
    seconds = abs(seconds)
    if seconds == 0:
        return "now"
    for limit, word, length in _PERIODS:
        if seconds < limit:
            count = seconds // length
            return f"{count} {word}{'s' if count > 1 else ''} {where}"
    return f"a long while {where}"


def _parsed(text: str, form: str) -> datetime:
    try:
        if form:
            return datetime.strptime(text, form)  # noqa: DTZ007  (without a zone it is UTC)
        try:
            return parsedate_to_datetime(text)
        except ValueError:
            return datetime.fromisoformat(text)
    except ValueError:
        raise TemplateRuntimeError(f"humanize: {text!r} is no time") from None
