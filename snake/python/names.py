"""Names: what a value of a request may be where it becomes part of a path or of a module's name.

A value is one name, never a path: so no request can choose what lies outside of the
folder that the configuration names.
"""

from __future__ import annotations

import re
from unicodedata import is_normalized

LONGEST = 255
"""Bytes of a name that a file system takes (NAME_MAX in limits.h)."""
_MARKS = frozenset("-_.~@+")
_MODULE = re.compile(r"[a-zA-Z_]\w*(\.\w+)*:[a-zA-Z_]\w*", re.ASCII)
"""Caddy Snake's pattern, without empty parts between dots."""


def name_fault(value: str) -> str:
    """Return why a value can be no part of a path; nothing when it can.

    Letters and digits of any script, and `-_.~@+`: look-alikes of dots and slashes are
    neither, or are another character when normalized (Unicode, NFKC).
    """
    if not value:
        return "it is empty"
    if value[0] in "-.":
        return f"it begins with {value[0]!r}"
    if not all(char.isalnum() or char in _MARKS for char in value):
        return "it holds what is neither a letter nor a digit nor one of -_.~@+"
    if not (value.isascii() or is_normalized("NFKC", value)):
        return "it is not normalized"
    if len(value.encode()) > LONGEST:
        return f"it is longer than {LONGEST} bytes"
    return ""


def is_module(name: str) -> bool:
    """Whether a name is `module:attribute`."""
    return _MODULE.fullmatch(name) is not None
