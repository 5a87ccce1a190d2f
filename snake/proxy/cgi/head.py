"""The head of a CGI response: its fields, and its status (RFC 3875 §6)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from snake.proxy.contract import Field, UpstreamError

LONGEST = 1_048_576
"""Bytes of a head."""

_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_STATUS = re.compile(rb"([2-9][0-9]{2})(?: .*)?")


def end_of(data: bytearray, start: int) -> int:
    """Return where a head ends that begins `data`; -1 when its end is not there yet.

    The end was not there when there were `start` bytes.
    """
    if data.startswith((b"\n", b"\r\n")):
        return data.index(b"\n") + 1
    end = _END.search(data, max(0, start - 2))
    return end.end() if end else -1


def read_head(head: bytes) -> tuple[int, list[Field]]:
    """Return status and fields of a head.

    Lines may end in LF alone, as PHP's own do when a script prints them. Without a Status it
    is 200. Raises `UpstreamError` for what is no head, and for a status that is no answer.
    """
    fields = []
    for line in _FOLD.sub(b" ", head).split(b"\n"):
        line = line.removesuffix(b"\r")  # noqa: PLW2901
        if not line:
            continue
        field = _FIELD.fullmatch(line)
        if field is None:
            raise UpstreamError("the upstream sent a header field that is none")
        fields.append((field[1].lower(), field[2].rstrip(b" \t")))
    return status_of(fields), fields


def status_of(fields: Sequence[Field]) -> int:
    """Return the status that the fields name."""
    for name, value in fields:
        if name == b"status":
            status = _STATUS.fullmatch(value)
            if status is None:
                raise UpstreamError("the upstream sent a status that is none")
            return int(status[1])
    return 200


def length_of(fields: Sequence[Field]) -> int | None:
    """Return the length that a response says it has; `None` when it says none."""
    lengths = {value for name, value in fields if name == b"content-length"}
    if not lengths:
        return None
    if len(lengths) > 1 or not (length := lengths.pop()).isdigit():
        raise UpstreamError("the upstream sent a Content-Length that is none")
    return int(length)
