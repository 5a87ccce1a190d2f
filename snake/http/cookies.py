"""Cookies of a request.

Source: `Request.Cookies` of Go's net/http, which leaves out what RFC 6265 does not allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[ !#-:<-\[\]-~]*")
_SPACE = " \t"


def find_cookie(fields: Iterable[tuple[bytes, bytes]], name: str) -> str | None:
    """Return the value of the first cookie with this name, in any case; `None` if none has it."""
    wanted = name.lower()
    lines = [line.decode("latin-1") for field, line in fields if field == b"cookie"]
    for pair in ";".join(lines).split(";"):
        given, _, value = pair.strip(_SPACE).partition("=")
        if given.strip(_SPACE).lower() == wanted and _NAME.fullmatch(wanted):
            value = _unquoted(value)
            if _VALUE.fullmatch(value):
                return value
    return None


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
