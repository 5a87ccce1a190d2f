"""The head of a response as an upstream sent it, read strictly (RFC 9112).

What an upstream and a proxy read differently is how one client gets the answer of another. So
there is one grammar, without continued lines, bare LF or space before a colon, and a body has
one end: what leaves a doubt is a response that was not understood, a 502.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from snake.proxy.contract import Field, UpstreamError

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_LINE = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):"
    rb"[ \t]*((?:[^\x00-\x20\x7f]+(?:[ \t]+[^\x00-\x20\x7f]+)*)?)[ \t]*"
)
_MOST_LINES = 2048
_LONGEST_KEPT = 256
_MOST_FIELDS = 1000
"""Of one response; as many as may follow its body."""
_LONGEST_LENGTH = 18
"""Digits of a Content-Length that fits everywhere."""
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection"})

CHUNKED = -1
"""The length of a body in chunks."""
UNTIL_CLOSED = -2
"""The length of a body that ends with the connection."""

_NO_CONTENT = 204
_NOT_MODIFIED = 304
_OK = 200


class ResponseHead(NamedTuple):
    """What a head says."""

    status: int
    version: str
    fields: list[Field]
    """Names in lower case; without Transfer-Encoding, which is the connection's."""
    length: int
    """Of the body that follows, in bytes; `CHUNKED` or `UNTIL_CLOSED`."""
    keep_alive: bool
    """Whether another request may follow."""


class _Lines(dict[bytes, Field]):
    """From a line to its field: an upstream mostly sends the same lines each time.

    Raises `UpstreamError` for what is none.
    """

    def __missing__(self, line: bytes) -> Field:
        field = read_field(line)
        if len(line) <= _LONGEST_KEPT:
            if len(self) >= _MOST_LINES:
                self.clear()
            self[line] = field
        return field


def read_field(line: bytes) -> Field:
    """Read one field. Raises `UpstreamError`."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise UpstreamError(f"the upstream sent a malformed header line: {line[:80]!r}")
    return match[1].lower(), match[2]


_LINES = _Lines()


def read_head(head: bytes, *, head_only: bool) -> ResponseHead:
    """Read a head, without its last empty line. Raises `UpstreamError`.

    `head_only` says that the request was a HEAD, whose response has no body.
    """
    if head.count(b"\r\n") > _MOST_FIELDS:
        raise UpstreamError("the upstream sent too many header fields")
    status_line, *lines = head.split(b"\r\n")
    match = _STATUS_LINE.fullmatch(status_line)
    if match is None:
        raise UpstreamError(f"the upstream sent a malformed status line: {status_line[:80]!r}")
    http11 = match[1] == b"1"
    status = int(match[2])
    known = _LINES
    fields = [known[line] for line in lines]
    values = dict(fields)
    length = UNTIL_CLOSED
    keep_alive = http11
    if not _FRAMING.isdisjoint(values):
        if b"connection" in values:
            keep_alive = _keep_alive(fields, http11=http11)
        if b"transfer-encoding" in values:
            _check_coding(fields, values, http11=http11)
            length = CHUNKED
            fields = [field for field in fields if field[0] != b"transfer-encoding"]
        elif b"content-length" in values:
            length, fields = _length(fields)
    if b"trailer" in values and length != CHUNKED:
        fields = [field for field in fields if field[0] != b"trailer"]
    if head_only or status < _OK or status in (_NO_CONTENT, _NOT_MODIFIED):
        length = 0
    version = "1.1" if http11 else "1.0"
    return ResponseHead(status, version, fields, length, keep_alive and length != UNTIL_CLOSED)


def _keep_alive(fields: list[Field], *, http11: bool) -> bool:
    options = b",".join(value for name, value in fields if name == b"connection").lower()
    given = {option.strip(b" \t") for option in options.split(b",")}
    return b"close" not in given and (http11 or b"keep-alive" in given)


def _check_coding(fields: list[Field], values: dict[bytes, bytes], *, http11: bool) -> None:
    codings = [value for name, value in fields if name == b"transfer-encoding"]
    if len(codings) != 1 or codings[0].lower() != b"chunked":
        raise UpstreamError(f"the upstream sent an unknown transfer coding: {codings!r}")
    if not http11:
        raise UpstreamError("the upstream sent Transfer-Encoding in HTTP/1.0")
    if b"content-length" in values:
        raise UpstreamError("the upstream sent both Content-Length and Transfer-Encoding")


def _length(fields: list[Field]) -> tuple[int, list[Field]]:
    """Return the length, and the fields with one Content-Length: equal ones are one."""
    lengths = [field for field in fields if field[0] == b"content-length"]
    value = lengths[0][1]
    if not value.isdigit() or len(value) > _LONGEST_LENGTH:
        raise UpstreamError(f"the upstream sent a malformed Content-Length: {value[:80]!r}")
    if len(lengths) > 1:
        if any(field[1] != value for field in lengths):
            raise UpstreamError("the upstream sent two different Content-Lengths")
        fields = [field for field in fields if field[0] != b"content-length"] + lengths[:1]
    return int(value), fields
