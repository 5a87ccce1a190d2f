"""Preconditions: whether a request for a file wants it at all, and which part.

Plain decisions from facts, in the order of RFC 9110 section 13.2.2. Source for
what is lenient: Go's `http.ServeContent`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

from snake.files.dates import parse_http_date
from snake.http.request import Request

_ETAG = re.compile(r'(?:W/)?"[^\x00-\x20"\x7f]*"')
_CONDITIONS = frozenset(
    {b"if-match", b"if-unmodified-since", b"if-none-match", b"if-modified-since"}
)
ASKING = _CONDITIONS | {b"range"}
"""The fields by which a client asks for less than a whole file."""
_READS = frozenset({"GET", "HEAD"})


class Outcome(Enum):
    """What the preconditions ask for."""

    PROCEED = auto()
    NOT_MODIFIED = auto()
    """304"""
    FAILED = auto()
    """412"""


def evaluate(request: Request, etag: str, modified: int | None) -> Outcome:
    """Evaluate the request's conditions.

    `etag` is the file's, empty for none; `modified` is its Unix time in seconds,
    `None` when it means nothing.
    """
    if not any(name in _CONDITIONS for name, _ in request.headers):
        return Outcome.PROCEED
    reads = request.method in _READS
    if if_match := request.header(b"if-match"):
        if not _listed(if_match, etag, weak=False):
            return Outcome.FAILED
    elif _is_after(modified, request.header(b"if-unmodified-since")) is True:
        return Outcome.FAILED
    if if_none_match := request.header(b"if-none-match"):
        if _listed(if_none_match, etag, weak=True):
            return Outcome.NOT_MODIFIED if reads else Outcome.FAILED
    elif reads and _is_after(modified, request.header(b"if-modified-since")) is False:
        return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def range_wanted(request: Request, etag: str, modified: int | None) -> str | None:
    """Return the Range field, unless there is none or If-Range says that the file has changed."""
    value = request.header(b"range")
    if value is None or request.method not in _READS:
        return value
    condition = request.header(b"if-range")
    if not condition:
        return value
    if tag := _ETAG.match(condition.strip()):
        unchanged = tag[0] == etag and not etag.startswith("W/")
    else:
        unchanged = modified is not None and parse_http_date(condition) == modified
    return value if unchanged else None


def _listed(field: str, etag: str, *, weak: bool) -> bool:
    """Whether a list of tags, up to its first malformed one, has `etag` or a `*`."""
    for tag in _tags(field):
        if tag == "*":
            return True
        if weak and tag.removeprefix("W/") == etag.removeprefix("W/"):
            return True
        if not weak and tag == etag and not tag.startswith("W/"):
            return True
    return False


def _tags(field: str) -> Iterator[str]:
    at = 0
    while at < len(field):
        if field[at] in " \t,":
            at += 1
            continue
        if field[at] == "*":
            yield "*"
            return
        match = _ETAG.match(field, at)
        if match is None:
            return
        yield match[0]
        at = match.end()


def _is_after(modified: int | None, date: str | None) -> bool | None:
    """Whether the file changed after `date`; `None` when one of them says nothing."""
    if modified is None or not date:
        return None
    time = parse_http_date(date)
    return None if time is None else modified > time
