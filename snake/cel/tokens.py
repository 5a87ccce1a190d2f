"""Text to tokens.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from snake.cel.errors import ExpressionError
from snake.cel.values import Uint

LONGEST = 100_000
"""Characters that an expression may have."""

_ESCAPE = r"\\(?:[abfnrtv\"'\\?`]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
_RAW = r"[rR](?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"[^\"\n\r]*\"|'[^'\n\r]*')"
_QUOTED = (
    rf"\"\"\"(?:{_ESCAPE}|[^\\])*?\"\"\"|'''(?:{_ESCAPE}|[^\\])*?'''"
    rf"|\"(?:{_ESCAPE}|[^\\\"\n\r])*\"|'(?:{_ESCAPE}|[^\\'\n\r])*'"
)
_TOKEN = re.compile(
    rf"""(?:[\t\ \r\n\f]|//[^\n]*)*+(?:
      (?P<double>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    | (?P<uint>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])
    | (?P<int>0x[0-9a-fA-F]+|[0-9]+)
    | (?P<bytes>[bB](?:{_RAW}|{_QUOTED}))
    | (?P<string>{_RAW}|{_QUOTED})
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<operator>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]{{}}])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_ESCAPED = re.compile(_ESCAPE)
_CONTROL = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_BYTE = 0xFF


class Token(NamedTuple):
    """A word of an expression; `kind` is `literal`, `name`, `operator` or `end`."""

    kind: str
    text: str
    at: int
    value: object = None


def tokens(text: str) -> list[Token]:
    """Split an expression into tokens, the last of which is the end. Raises `ExpressionError`."""
    if len(text) > LONGEST:
        raise ExpressionError(f"an expression of more than {LONGEST} characters", LONGEST)
    found: list[Token] = []
    at = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unexpected(text, at)
        kind = match.lastgroup or ""
        found.append(_token(kind, match[kind], match.start(kind)))
        at = match.end()
    return found


def _unexpected(text: str, at: int) -> ExpressionError:
    while text[at] in "\t \r\n\f":
        at += 1
    if text[at] in "\"'":
        return ExpressionError("a string that is not closed, or has an unknown escape", at)
    return ExpressionError(f'unexpected "{text[at]}"', at)


def _token(kind: str, text: str, at: int) -> Token:
    if kind in ("operator", "end"):
        return Token(kind, text, at)
    if kind == "name":
        if text in _CONSTANTS:
            return Token("literal", text, at, _CONSTANTS[text])
        return Token("operator" if text == "in" else "name", text, at)
    return Token("literal", text, at, _VALUES[kind](text, at))


def _integer(text: str, _: int) -> int:
    return int(text, 16 if text.startswith("0x") else 10) if len(text) < LONGEST_NUMBER else 1 << 64


LONGEST_NUMBER = 1000
"""Digits beyond which a number is out of range without a look at it."""


def _unsigned(text: str, at: int) -> Uint:
    value = _integer(text[:-1], at)
    if value >= 1 << 64:
        raise ExpressionError("invalid uint literal", at)
    return Uint(value)


def _string(text: str, at: int) -> str:
    content, is_raw = _content(text)
    return content if is_raw else _ESCAPED.sub(lambda found: _char(found[0], at), content)


def _bytes(text: str, at: int) -> bytes:
    content, is_raw = _content(text[1:])
    if is_raw:
        return content.encode()
    parts: list[bytes] = []
    end = 0
    for found in _ESCAPED.finditer(content):
        char = _char(found[0], at, is_bytes=True)
        parts += (content[end : found.start()].encode(), char.encode("latin-1"))
        end = found.end()
    return b"".join([*parts, content[end:].encode()])


def _content(text: str) -> tuple[str, bool]:
    """Return what is between the quotes, and whether escapes mean nothing in it."""
    is_raw = text[0] in "rR"
    text = text[is_raw:]
    width = 3 if text[:3] in ('"""', "'''") and len(text) >= 6 else 1  # noqa: PLR2004
    return text[width:-width], is_raw


def _char(escape: str, at: int, *, is_bytes: bool = False) -> str:
    letter = escape[1]
    if letter in _CONTROL:
        return _CONTROL[letter]
    if letter not in "xXuU0123":
        return letter
    digits = escape[1:] if letter.isdigit() else escape[2:]
    code = int(digits, 8 if letter.isdigit() else 16)
    if is_bytes and letter in "uU":
        raise ExpressionError("\\u means nothing in bytes", at)
    try:
        char = chr(code)
        char.encode()
    except (ValueError, OverflowError):
        raise ExpressionError(f"{escape} is no character", at) from None
    return char


_VALUES = {
    "double": lambda text, _: float(text),
    "uint": _unsigned,
    "int": _integer,
    "bytes": _bytes,
    "string": _string,
}
