"""Credentials: what an Authorization field says by the scheme Basic (RFC 7617)."""

from __future__ import annotations

import binascii
from typing import NamedTuple

from snake.http.request import Request

_SCHEME = b"basic "


class Credentials(NamedTuple):
    """A name and a password, as they were given."""

    name: str
    password: bytes
    whole: bytes
    """Both, with the colon between them."""


def credentials(request: Request) -> Credentials | None:
    """Return the credentials of a request; `None` if it has none, or none that can be read.

    The first Authorization field counts, as in Go.
    """
    for field, value in request.headers:
        if field == b"authorization":
            return _read(value)
    return None


def _read(value: bytes) -> Credentials | None:
    if value[: len(_SCHEME)].lower() != _SCHEME:
        return None
    try:
        whole = binascii.a2b_base64(value[len(_SCHEME) :], strict_mode=True)
    except ValueError:
        return None
    name, colon, password = whole.partition(b":")
    if not colon:
        return None
    return Credentials(name.decode("utf-8", "surrogateescape"), password, whole)
