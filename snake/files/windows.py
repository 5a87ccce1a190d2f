"""Windows: names that would reach another file than the one that they seem to name.

Source: Caddy's `file_server`, and Microsoft's "Naming Files, Paths, and Namespaces".
"""

from __future__ import annotations

import os
import re

WINDOWS = os.name == "nt"

_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\xb9\xb2\xb3])[ ]*(\..*)?", re.IGNORECASE
)
_LONGEST_SHORT_NAME = 12


def windows_fault(path: str) -> str:
    """Return what is wrong with a request's path on Windows, or nothing.

    A stream, a short name, a device, a second kind of slash, or an end that Windows drops: with
    each of them a file could be had that is hidden by its own name.
    """
    if ":" in path:
        return "illegal ADS path"
    if "\\" in path:
        return "illegal backslash"
    for segment in path.split("/"):
        if segment.strip(".") and segment.rstrip(". ") != segment:
            return "illegal end of a name"
        if "~" in segment and len(segment) <= _LONGEST_SHORT_NAME:
            return "illegal short name"
        if _DEVICE.fullmatch(segment):
            return "illegal name of a device"
    return ""
