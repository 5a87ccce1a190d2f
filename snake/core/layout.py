"""Layouts: how a moment is written, shown by the moment `Mon Jan 2 15:04:05 2006`.

Source: https://pkg.go.dev/time#pkg-constants. Names of days and months are English
whatever the locale is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_NOON = 12
_CENTURY = 100
_PIVOT = 69
"""Years of two digits from here on are of the last century."""

_FIELD = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|__2|_2(?!006)|002|0[1-6]|15|1|2006|2|3|4|5|PM|pm"
    r"|[-Z]07(?:00(?:00)?|:00(?::00)?)?|[.,](?:0+|9+)(?!\d)"
)

_WRITTEN: dict[str, Callable[[datetime], str]] = {
    "January": lambda at: _MONTHS[at.month - 1],
    "Jan": lambda at: _MONTHS[at.month - 1][:3],
    "Monday": lambda at: _DAYS[at.weekday()],
    "Mon": lambda at: _DAYS[at.weekday()][:3],
    "MST": lambda at: at.tzname() or "UTC",
    "__2": lambda at: f"{at.timetuple().tm_yday:3}",
    "002": lambda at: f"{at.timetuple().tm_yday:03}",
    "_2": lambda at: f"{at.day:2}",
    "01": lambda at: f"{at.month:02}",
    "1": lambda at: str(at.month),
    "02": lambda at: f"{at.day:02}",
    "2": lambda at: str(at.day),
    "03": lambda at: f"{at.hour % _NOON or _NOON:02}",
    "3": lambda at: str(at.hour % _NOON or _NOON),
    "15": lambda at: f"{at.hour:02}",
    "04": lambda at: f"{at.minute:02}",
    "4": lambda at: str(at.minute),
    "05": lambda at: f"{at.second:02}",
    "5": lambda at: str(at.second),
    "06": lambda at: f"{at.year % _CENTURY:02}",
    "2006": lambda at: f"{at.year:04}",
    "PM": lambda at: "PM" if at.hour >= _NOON else "AM",
    "pm": lambda at: "pm" if at.hour >= _NOON else "am",
}

_READ = {
    "January": f"(?P<month_name>{'|'.join(_MONTHS)})",
    "Jan": f"(?P<month_short>{'|'.join(name[:3] for name in _MONTHS)})",
    "Monday": f"(?:{'|'.join(_DAYS)})",
    "Mon": f"(?:{'|'.join(name[:3] for name in _DAYS)})",
    "MST": "(?P<zone>[A-Z]{3,4}|[+-][0-9]{2})",
    "__2": "(?P<yearday> {0,2}[0-9]{1,3})",
    "002": "(?P<yearday>[0-9]{3})",
    "_2": "(?P<day> ?[0-9]{1,2})",
    "01": "(?P<month>[0-9]{2})",
    "1": "(?P<month>[0-9]{1,2})",
    "02": "(?P<day>[0-9]{2})",
    "2": "(?P<day>[0-9]{1,2})",
    "03": "(?P<hour>[0-9]{2})",
    "3": "(?P<hour>[0-9]{1,2})",
    "15": "(?P<hour>[0-9]{2})",
    "04": "(?P<minute>[0-9]{2})",
    "4": "(?P<minute>[0-9]{1,2})",
    "05": "(?P<second>[0-9]{2})",
    "5": "(?P<second>[0-9]{1,2})",
    "06": "(?P<year>[0-9]{2})",
    "2006": "(?P<year>[0-9]{4})",
    "PM": "(?P<half>AM|PM)",
    "pm": "(?P<half>am|pm)",
}


class Layout:
    """One layout: writes moments, and reads what it has written."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts: list[str | Callable[[datetime], str]] = []
        self._pattern = ""
        self.digits = 0
        """How many digits of a second's fraction it has."""
        end = 0
        for found in _FIELD.finditer(text):
            self._literal(text[end : found.start()])
            self._field(found[0])
            end = found.end()
        self._literal(text[end:])

    @property
    def is_constant(self) -> bool:
        """Whether it says nothing of the moment, so that it probably was not meant as a layout."""
        return not any(callable(part) for part in self._parts)

    def _literal(self, text: str) -> None:
        self._parts.append(text)
        self._pattern += re.escape(text)

    def _field(self, name: str) -> None:
        if name[0] in ".,":
            self.digits = len(name) - 1
            self._parts.append(_fraction(name))
            self._pattern += f"(?:[.,](?P<fraction>[0-9]{{1,9}})){'?' if name[1] == '9' else ''}"
        elif name[0] in "-Z":
            self._parts.append(_offset(name))
            self._pattern += r"(?P<offset>Z|[+-][0-9:]{2,8})"
        else:
            self._parts.append(_WRITTEN[name])
            self._pattern += _READ[name]

    def write(self, moment: datetime) -> str:
        """Write a moment, which has a zone."""
        return "".join(part if isinstance(part, str) else part(moment) for part in self._parts)

    def read(self, text: str, *, local: bool = False) -> datetime | None:
        """Read a moment, with its zone; `None` if the text has not this form.

        What has no zone is in UTC or the machine's. What the layout does not name is that of
        the first of January of the year 1.
        """
        try:
            match = re.fullmatch(self._pattern, text)
            return match and _moment(match.groupdict(), local=local)
        except (re.error, ValueError, OverflowError):  # a field that stands there twice; 31 April
            return None

    def reads_what_it_writes(self) -> bool:
        """Tell whether no moment is lost in it, but for what is smaller than its last field."""
        exact = datetime(2025, 5, 22, 23, 41, 59, 987654, UTC)
        unit = 10 ** max(6 - self.digits, 0)
        moment = exact.replace(microsecond=exact.microsecond // unit * unit)
        return self.read(self.write(moment)) == moment


@cache
def layout(text: str) -> Layout:
    """Return the layout that a text is."""
    return Layout(text)


def _fraction(name: str) -> Callable[[datetime], str]:
    mark, digits, keeps_zeros = name[0], len(name) - 1, name[1] == "0"

    def write(at: datetime) -> str:
        text = f"{at.microsecond:06}000"[:digits].ljust(digits, "0")
        text = text if keeps_zeros else text.rstrip("0")
        return f"{mark}{text}" if text else ""

    return write


def _offset(name: str) -> Callable[[datetime], str]:
    colon = ":" if ":" in name else ""
    parts = len(name[1:].replace(":", "")) // 2

    def write(at: datetime) -> str:
        seconds = int((at.utcoffset() or timedelta()).total_seconds())
        if name[0] == "Z" and not seconds:
            return "Z"
        sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
        numbers = (seconds // 3600, seconds // 60 % 60, seconds % 60)
        return sign + colon.join(f"{number:02}" for number in numbers[:parts])

    return write


def _moment(found: dict[str, str | None], *, local: bool) -> datetime:
    year = int(found.get("year") or 1)
    if len(found.get("year") or "") == 2:  # noqa: PLR2004  (the digits of `06`)
        year += 1900 if year >= _PIVOT else 2000
    month = int(found.get("month") or 1)
    for name in ("month_name", "month_short"):
        if text := found.get(name):
            month = 1 + [each[: len(text)] for each in _MONTHS].index(text)
    hour = int(found.get("hour") or 0)
    if half := found.get("half"):
        hour = hour % _NOON + (_NOON if half.lower() == "pm" else 0)
    moment = datetime(  # noqa: DTZ001  (its zone comes below)
        year,
        month,
        int(found.get("day") or 1),
        hour,
        int(found.get("minute") or 0),
        int(found.get("second") or 0),
        int((found.get("fraction") or "").ljust(6, "0")[:6]),
    )
    if days := found.get("yearday"):
        moment = moment.replace(month=1, day=1) + timedelta(days=int(days) - 1)
    if offset := found.get("offset"):
        return moment.replace(tzinfo=_zone(offset))
    return moment.astimezone() if local else moment.replace(tzinfo=UTC)


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(6, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:6]))
    return timezone(-offset if text[0] == "-" else offset)
