"""The name of a subject or an issuer as text, in the order and with the escapes of Go.

RFC 4514, but the parts that have a short name stand in one order wherever they were, and what has
none stands last, as its number and its bytes (Go: `pkix.Name.String`).
"""

from __future__ import annotations

from cryptography import x509

_ORDER = (
    ("SERIALNUMBER", "2.5.4.5"),
    ("CN", "2.5.4.3"),
    ("POSTALCODE", "2.5.4.17"),
    ("STREET", "2.5.4.9"),
    ("ST", "2.5.4.8"),
    ("L", "2.5.4.7"),
    ("OU", "2.5.4.11"),
    ("O", "2.5.4.10"),
    ("C", "2.5.4.6"),
)
_SINGLE = frozenset({"SERIALNUMBER", "CN"})
"""Of these only the last value is shown."""
_KNOWN = frozenset(number for _, number in _ORDER)
_ESCAPED = frozenset(',+"\\<>;')
_PRINTABLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
_PRINTABLE_STRING, _UTF8_STRING = 0x13, 0x0C
_SHORT = 0x80
"""Lengths below this are one byte (X.690 §8.1.3)."""


def distinguished_name(name: x509.Name) -> str:
    """Return a name as text."""
    values: dict[str, list[str]] = {}
    others: list[str] = []
    for attribute in name:
        number, value = attribute.oid.dotted_string, _text(attribute.value)
        if number in _KNOWN:
            values.setdefault(number, []).append(value)
        else:
            others.append(f"{number}=#{_encoded(value).hex()}")
    parts: list[str] = []
    for short, number in _ORDER:
        found = values.get(number, [])
        shown = found[-1:] if short in _SINGLE else found
        if any(shown):
            parts.append("+".join(f"{short}={_escape(each)}" for each in shown))
    return ",".join([*parts, *reversed(others)])


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _escape(text: str) -> str:
    last = len(text) - 1
    return "".join(
        f"\\{char}"
        if char in _ESCAPED or (char == " " and at in (0, last)) or (char == "#" and at == 0)
        else char
        for at, char in enumerate(text)
    )


def _encoded(text: str) -> bytes:
    """Return a text as ASN.1 in DER."""
    tag = _PRINTABLE_STRING if _PRINTABLE.issuperset(text) else _UTF8_STRING
    raw = text.encode("utf-8", "replace")
    size = len(raw)
    if size < _SHORT:
        return bytes((tag, size)) + raw
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _SHORT | len(length))) + length + raw
