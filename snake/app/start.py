"""Start: what an app gives to `start_response`, checked and turned into bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

Headers = list[tuple[bytes, bytes]]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_STATUS = re.compile(r"[1-9][0-9]{2}(?: |\Z)")

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields that are the server's business; PEP 3333 forbids them to apps, and they are dropped."""


@lru_cache(maxsize=256)
def parse_status(status: str) -> int:
    """Return the code of `"200 OK"`. Raises `ValueError` for what is no final status."""
    if not isinstance(status, str):
        raise TypeError(f"the status must be a str, not {type(status).__name__}")
    if not _STATUS.match(status) or int(status[:3]) < 200:  # noqa: PLR2004
        raise ValueError(f"{status!r} is no HTTP status; expected one like '200 OK'")
    return int(status[:3])


def encode_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return the fields as ASGI has them. Raises `ValueError` or `TypeError` for a bad one."""
    encoded = []
    for name, value in headers:
        if field := field_name(name):
            if "\n" in value or "\r" in value or "\0" in value:
                raise ValueError(f"the value of header {name!r} has a line break or NUL")
            encoded.append((field, value.encode("latin-1")))
    return encoded


@lru_cache(maxsize=512)
def field_name(name: str) -> bytes:
    """Return a header's name in lower case; nothing for a hop-by-hop field."""
    if not isinstance(name, str):
        raise TypeError(f"header names must be str, not {type(name).__name__}")
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is no header name")
    field = name.lower().encode("ascii")
    return b"" if field in HOP_BY_HOP else field


def content_length(headers: Headers) -> int | None:
    """Return the length that the app announced, if it did."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None
