"""Bytes to text, as Go reads them: every byte that is not UTF-8 is a replacement character."""

from __future__ import annotations

import re

_BYTE = re.compile("[\udc80-\udcff]")


def decode(data: bytes) -> str:
    """Return the text of a file."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return repaired(data.decode("utf-8", "surrogateescape"))


def repaired(text: str) -> str:
    """Replace the lone surrogates that stand for bytes, which JSON cannot hold."""
    return _BYTE.sub("\ufffd", text)
