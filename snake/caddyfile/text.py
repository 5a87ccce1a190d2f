"""Bytes to text, as Go reads them: every byte that is not UTF-8 is a replacement character."""

from __future__ import annotations

import re
from collections.abc import Callable

_BYTE = re.compile("[\udc80-\udcff]")


def as_text(data: bytes, warn: Callable[[int, str], None]) -> str:
    """Return the text of a file; `warn` takes the line that is not UTF-8, and what is there."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        warn(
            line,
            f"the byte 0x{byte:02x} is not UTF-8 and is read as U+FFFD; "
            "save the file in that encoding",
        )
        return repaired(data.decode("utf-8", "surrogateescape"))


def repaired(text: str) -> str:
    """Replace the lone surrogates that stand for bytes, which JSON cannot hold."""
    return _BYTE.sub("\ufffd", text)
