"""Header fields between text, as configs write them, and bytes, as responses carry them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from snake.http.request import Request
from snake.http.response import Header
from snake.http.template import Template

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""RFC 9110 section 5.6.2: what a field name may be made of."""

_LINE_BREAKS = str.maketrans("\r\n\0", "   ")


def canonical(name: str) -> str:
    """Return a name as Go writes it: `x-forwarded-for` is `X-Forwarded-For`.

    A name with any character that no name may have is returned as it is.
    Source: `textproto.CanonicalMIMEHeaderKey`.
    """
    if not _TOKEN.fullmatch(name):
        return name
    return "-".join(word[:1].upper() + word[1:].lower() for word in name.split("-"))


def field_name(text: str) -> bytes | None:
    """Return a name in lower case, or `None` for a text that can be no name."""
    return text.lower().encode("ascii") if _TOKEN.fullmatch(text) else None


def field_value(text: str) -> bytes:
    """Return a value as it is sent.

    Line breaks become spaces, so that a value that came with a request cannot
    begin a field of its own (RFC 9112 section 11.1). What is not ASCII is UTF-8.
    """
    return text.translate(_LINE_BREAKS).strip(" \t").encode("utf-8", "surrogateescape")


def name_filler(text: str) -> Callable[[Request], bytes | None]:
    """Compile a name that may have placeholders; unknown ones stay, which makes it no name."""
    template = Template(text)
    if template.constant is not None:
        constant = field_name(template.constant)
        return lambda _: constant
    fill = template.known
    return lambda request: field_name(fill(request))


def compile_fields(given: Iterable[tuple[str, str]]) -> Callable[[Request], list[Header]]:
    """Compile names and values that may have placeholders to a function that makes the fields.

    Unknown placeholders stay as they are written. A name that is none by then is
    left out. Each call returns a list of its own.
    """
    pairs = list(given)
    fixed = _fixed(pairs)
    if fixed is not None:
        return lambda _: fixed.copy()
    fillers = [(name_filler(name), _value_filler(value)) for name, value in pairs]
    return lambda request: [
        (key, value(request)) for name, value in fillers if (key := name(request))
    ]


def _fixed(pairs: Iterable[tuple[str, str]]) -> list[Header] | None:
    """Return the fields if none of them depends on the request."""
    fields = []
    for name, value in (
        (Template(name).constant, Template(value).constant) for name, value in pairs
    ):
        if name is None or value is None:
            return None
        if key := field_name(name):
            fields.append((key, field_value(value)))
    return fields


def _value_filler(text: str) -> Callable[[Request], bytes]:
    template = Template(text)
    if template.constant is not None:
        constant = field_value(template.constant)
        return lambda _: constant
    fill = template.known
    return lambda request: field_value(fill(request))
