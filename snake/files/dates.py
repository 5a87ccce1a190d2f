"""HTTP dates: `Thu, 02 Jan 2020 03:04:05 GMT` and the two old forms.

The names of days and months are English whatever the locale is, so neither
`strftime` nor `strptime` will do. Source: RFC 9110 section 5.6.7.
"""

from __future__ import annotations

import re
import time
from calendar import monthrange, timegm

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_FORMS = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"[A-Z][a-z]{{2}}, (?P<day>\d\d) (?P<month>[A-Z][a-z]{{2}}) (?P<year>\d{{4}}) {_TIME} GMT",
        rf"[A-Z][a-z]+day, (?P<day>\d\d)-(?P<month>[A-Z][a-z]{{2}})-(?P<year>\d\d) {_TIME} GMT",
        rf"[A-Z][a-z]{{2}} (?P<month>[A-Z][a-z]{{2}}) (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)


def http_date(seconds: int) -> str:
    """Write a Unix time."""
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(seconds)
    return (
        f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year:04} "
        f"{hour:02}:{minute:02}:{second:02} GMT"
    )


def parse_http_date(text: str) -> int | None:
    """Read a date as Unix time; `None` when it is none, for a bad date is to be ignored."""
    match = next((match for form in _FORMS if (match := form.fullmatch(text.strip()))), None)
    if match is None or match["month"] not in _MONTHS:
        return None
    year = int(match["year"])
    if year < 100:  # noqa: PLR2004  # the old form's two digits: 69 to 99 are of the last century
        year += 1900 if year >= 69 else 2000  # noqa: PLR2004
    numbers = (int(match[name]) for name in ("day", "hour", "minute", "second"))
    day, hour, minute, second = numbers
    month = _MONTHS.index(match["month"]) + 1
    if not (1 <= day <= monthrange(year, month)[1] and hour < 24 and minute < 60 and second < 60):  # noqa: PLR2004
        return None
    return timegm((year, month, day, hour, minute, second))
