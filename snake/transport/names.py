"""Names of header fields: what may come in, and how they go out.

A name is looked at once; after that it is found in a table, so that a request
pays one dictionary lookup for each of its fields. The tables are bounded, as the
names are chosen by strangers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a process that only runs an app has this file, and no msgspec
    from snake.transport.settings import Settings

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""RFC 9110 §5.6.2."""

_MOST_NAMES = 2048
_LONGEST_KEPT = 64

FRAMING = frozenset(
    {b"content-length", b"transfer-encoding", b"connection", b"date", b"server", b"keep-alive"}
)
"""Fields of a response that the transport reads or writes itself."""


class RequestNames(dict[bytes, bytes]):
    """From a name as sent to the name in lower case, or to nothing when the field is dropped.

    A name with `_` or `.` is dropped unless the settings keep it: in an environ or a CGI
    variable it would be the same as one with `-`, which a proxy in front may vouch for.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._kept = settings.keep_underscore_headers | settings.keep_dot_headers

    def __missing__(self, name: bytes) -> bytes:
        lower = name.lower()
        known = b"" if self._is_dropped(lower) else lower
        if len(self) < _MOST_NAMES and len(name) <= _LONGEST_KEPT:
            self[name] = known
        return known

    def _is_dropped(self, lower: bytes) -> bool:
        return (b"_" in lower or b"." in lower) and lower not in self._kept


class ResponseNames(dict[bytes, bytes]):
    """From a name as an app gives it to the start of its line, or to nothing when it is `FRAMING`.

    Raises `ValueError` for what is no name.
    """

    def __missing__(self, name: bytes) -> bytes:
        if not isinstance(name, bytes) or not TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is no header name")
        line = b"" if name.lower() in FRAMING else canonical(name) + b": "
        if len(self) < _MOST_NAMES and len(name) <= _LONGEST_KEPT:
            self[name] = line
        return line


def canonical(name: bytes) -> bytes:
    """Write a name as Go does: `content-type` is `Content-Type`, `etag` is `Etag`.

    Those of WebSocket are written as RFC 6455 does, which some programs insist on.
    """
    words = b"-".join(part.capitalize() for part in name.split(b"-"))
    return words.replace(b"Sec-Websocket-", b"Sec-WebSocket-")
