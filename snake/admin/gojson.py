"""JSON as Go's `encoding/json` reads and writes it: Caddy's clients compare its bytes and hashes.

Objects come with their keys sorted and nothing between the tokens; `<`, `>`, `&`, U+2028 and
U+2029 are escaped. A number has no more digits than it needs. Unlike there, a whole number keeps
all of them: Go's goes through a float, which has 16.
"""

from __future__ import annotations

import msgspec

from snake.admin.malformed import JSONError, explain, lenient

_ESCAPES = (
    (b"<", rb"\u003c"),
    (b">", rb"\u003e"),
    (b"&", rb"\u0026"),
    ("\u2028".encode(), rb"\u2028"),
    ("\u2029".encode(), rb"\u2029"),
)
"""None of these stands anywhere but in text."""
_WITH_EXPONENT = 1e21


def encode(value: object) -> bytes:
    """Write a value that `decode` has read, or one of texts, whole numbers, lists and dicts."""
    return escaped(msgspec.json.encode(value, order="sorted"))


def escaped(data: bytes) -> bytes:
    """Return JSON with the characters escaped that Go escapes."""
    for char, escape in _ESCAPES:
        if char in data:
            data = data.replace(char, escape)
    return data


def raw(data: bytes) -> bytes:
    """Return JSON without the space between its tokens, and else as it is. Raises `JSONError`."""
    decode(data)
    return msgspec.json.format(data, indent=-1)


def decode(data: bytes) -> object:
    """Read a value. Raises `JSONError`."""
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        message = explain(data)
        if message is None:
            return lenient(data, str(error))
        raise JSONError(message) from None


def canonical(data: bytes) -> bytes:
    """Return JSON as the same bytes however it was written. Raises `JSONError`."""
    return encode(decode(data))


def _number(text: str) -> object:
    """Return a number that has a point or an exponent as what is written as Go writes it."""
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise JSONError(f"json: cannot unmarshal number {text} into Go value of type float64")
    if abs(value) >= _WITH_EXPONENT:
        return msgspec.Raw(repr(value).encode())  # Python writes these as Go does
    return int(value) if value.is_integer() else value


_DECODER = msgspec.json.Decoder(float_hook=_number)
