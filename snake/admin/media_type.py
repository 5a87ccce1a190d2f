"""Media types: the value of a Content-Type as Go's `mime.ParseMediaType` reads it."""

from __future__ import annotations

import re

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_PARAMETERS = re.compile(
    rf'(?:\s*+;\s*+{_WORD}\s*+=\s*+(?:{_WORD}|"(?:[^"\\\r\n]|\\.)*+"))*+', re.DOTALL
)
"""What has been read is never read in another way, so a long value takes no longer than it is."""
_TYPE = re.compile(rf"({_WORD})?(?:(/)({_WORD})?)?(.*)", re.DOTALL)


class MediaTypeError(ValueError):
    """A value that names no media type; the message is Go's."""


def media_type(value: str) -> str:
    """Return type and subtype in lower case, or a word without a slash. Raises `MediaTypeError`."""
    name, semicolon, rest = value.partition(";")
    name = name.strip().lower()
    match = _TYPE.fullmatch(name)
    kind, slash, subtype, more = match.groups() if match else (None, None, None, "")
    reason = ""
    if not kind:
        reason = "no media type"
    elif not slash and more:
        reason = "expected slash after first token"
    elif slash and not subtype:
        reason = "expected token after slash"
    elif more:
        reason = "unexpected content after media subtype"
    elif not _PARAMETERS.fullmatch((semicolon + rest).strip().removesuffix(";").rstrip()):
        reason = "invalid media parameter"
    if reason:
        raise MediaTypeError(f"mime: {reason}")
    return name
