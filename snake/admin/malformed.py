"""Malformed: what is wrong with text that is to be JSON, in the words of Go's `encoding/json`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from snake.core.errors import SnakeError

_LARGEST = 1 << 20
"""Bytes that are looked at; beyond that it takes too long to say it well."""
_DEEPEST = 10_000
"""How deep Go lets values stand in one another."""

_SPACE = re.compile(rb"[ \t\r\n]*")
_TEXT = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_HEX = re.compile(rb"[0-9a-fA-F]{0,4}")
_DIGITS = re.compile(rb"[0-9]*")
_WORDS = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}
_CLOSING = {ord("{"): ord("}"), ord("["): ord("]")}


class JSONError(SnakeError):
    """Text that is no JSON; the message is Go's, with the offset of what is wrong."""


def explain(data: bytes) -> str | None:
    """Return Go's message for malformed JSON, with the offset; `None` if it finds no fault."""
    if len(data) > _LARGEST:
        return None
    try:
        _Scanner(data).scan()
    except JSONError as error:
        return str(error)
    return None


def lenient(data: bytes, reason: str) -> object:
    """Read what Go takes, and a strict reader does not: text that is not Unicode.

    What is not UTF-8, and half of a surrogate pair, becomes U+FFFD. Raises `JSONError`, with the
    reason of the strict reader.
    """
    try:
        value = json.loads(data.decode("utf-8", "replace"), parse_constant=_refuse)
        # Once more through text: half a pair stays what it is in a `str`.
        text = json.dumps(value, ensure_ascii=False)
        clean = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        read: object = json.loads(clean)
    except RecursionError:
        raise JSONError("exceeded max depth") from None
    except ValueError:
        raise JSONError(reason) from None
    return read


def _refuse(name: str) -> object:
    raise ValueError(name)


class _Scanner:
    """Goes through the text as Go's scanner does, as far as the first fault."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._open: list[int] = []
        """The brackets that are open."""

    def scan(self) -> None:
        """Raise `JSONError` at the first fault. Each step returns the one that is to follow."""
        step: Callable[[], Callable[[], object] | None] | None = self._value
        while step is not None:
            self._at = _SPACE.match(self._data, self._at).end()  # type: ignore[union-attr]
            step = step()  # type: ignore[assignment]

    def _value(self) -> Callable[[], object]:
        char = self._char()
        if char in _CLOSING:
            if len(self._open) >= _DEEPEST:
                raise self._invalid("exceeded max depth")
            self._open.append(char)
            self._at += 1
            return self._first
        if char == ord('"'):
            self._text()
        elif char in b"-0123456789":
            self._number()
        elif char in _WORDS:
            self._word(_WORDS[char])
        else:
            raise self._invalid("looking for beginning of value")
        return self._after

    def _first(self) -> Callable[[], object]:
        """Pass what follows a bracket that opens."""
        if self._char() == _CLOSING[self._open[-1]]:
            return self._close()
        return self._key if self._open[-1] == ord("{") else self._value

    def _close(self) -> Callable[[], object]:
        self._open.pop()
        self._at += 1
        return self._after

    def _key(self) -> Callable[[], object]:
        if self._char() != ord('"'):
            raise self._invalid("looking for beginning of object key string")
        self._text()
        return self._colon

    def _colon(self) -> Callable[[], object]:
        if self._char() != ord(":"):
            raise self._invalid("after object key")
        self._at += 1
        return self._value

    def _after(self) -> Callable[[], object] | None:
        """Pass what follows a value."""
        if not self._open:
            if self._at < len(self._data):
                raise self._invalid("after top-level value")
            return None
        char, is_object = self._char(), self._open[-1] == ord("{")
        if char == _CLOSING[self._open[-1]]:
            return self._close()
        if char != ord(","):
            raise self._invalid(
                "after object key:value pair" if is_object else "after array element"
            )
        self._at += 1
        return self._key if is_object else self._value

    def _text(self) -> None:
        self._at = _TEXT.match(self._data, self._at).end()  # type: ignore[union-attr]
        char = self._char()
        if char == ord('"'):
            self._at += 1
            return
        if char != ord("\\"):
            raise self._invalid("in string literal")
        self._at += 1
        if not self._has(b"u"):
            raise self._invalid("in string escape code")
        self._at = _HEX.match(self._data, self._at + 1).end()  # type: ignore[union-attr]
        raise self._invalid("in \\u hexadecimal character escape")

    def _number(self) -> None:
        if self._has(b"-"):
            self._at += 1
        if self._has(b"0"):
            self._at += 1
        else:
            self._digits("in numeric literal")
        if self._has(b"."):
            self._at += 1
            self._digits("after decimal point in numeric literal")
        if self._has(b"eE"):
            self._at += 1
            if self._has(b"+-"):
                self._at += 1
            self._digits("in exponent of numeric literal")

    def _digits(self, where: str) -> None:
        """Pass one digit or more."""
        end = _DIGITS.match(self._data, self._at).end()  # type: ignore[union-attr]
        if end == self._at:
            raise self._invalid(where)
        self._at = end

    def _word(self, word: bytes) -> None:
        for letter in word:
            if not self._has(bytes([letter])):
                raise self._invalid(f"in literal {word.decode()} (expecting {_quoted(letter)})")
            self._at += 1

    def _has(self, chars: bytes) -> bool:
        """Whether one of these is next."""
        return self._at < len(self._data) and self._data[self._at] in chars

    def _char(self) -> int:
        """Return the byte that is next. Raises `JSONError` at the end."""
        if self._at >= len(self._data):
            raise JSONError(f"unexpected end of JSON input, at offset {len(self._data)}")
        return self._data[self._at]

    def _invalid(self, where: str) -> JSONError:
        """Return the error of what is next; at the end that is a space, in Go's scanner."""
        is_end = self._at >= len(self._data)
        char = _quoted(ord(" ") if is_end else self._data[self._at])
        offset = self._at if is_end else self._at + 1
        return JSONError(f"invalid character {char} {where}, at offset {offset}")


_NAMES = ("\\a", "\\b", "\\t", "\\n", "\\v", "\\f", "\\r", "\\'", "\\\\")
_QUOTED = dict(zip(b"\a\b\t\n\v\f\r'\\", _NAMES, strict=True))


def _quoted(byte: int) -> str:
    """Return a byte as Go quotes a character."""
    char = chr(byte)
    if byte in _QUOTED:
        char = _QUOTED[byte]
    elif not char.isprintable():
        char = f"\\x{byte:02x}" if char.isascii() else f"\\u{byte:04x}"
    return f"'{char}'"
