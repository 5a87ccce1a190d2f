"""Functions of strings: CEL's own, and the extension `strings` of cel-go.

Source: https://pkg.go.dev/github.com/google/cel-go/ext#Strings.
"""

from __future__ import annotations

from snake.cel.errors import EvaluationError
from snake.cel.formatting import format_text
from snake.cel.overload import Entry, function, method
from snake.core.text import SPACE

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {small: capital for capital, small in _LOWER.items()}
_QUOTED = str.maketrans(
    {
        **{char: f"\\{letter}" for char, letter in zip("\a\b\f\n\r\t\v", "abfnrtv", strict=True)},
        "\\": "\\\\",
        '"': '\\"',
    }
)


def _char_at(text: str, at: int) -> str:
    _check(at, len(text))
    return text[at : at + 1]


def _check(index: int, length: int) -> None:
    if not 0 <= index <= length:
        raise EvaluationError(f"index out of range: {index}")


def _index_of(text: str, part: str, start: int = 0) -> int:
    if start < 0:
        raise EvaluationError(f"index out of range: {start}")
    if not part:
        return min(start, len(text))
    return text.find(part, start)


def _last_index_of(text: str, part: str, start: int | None = None) -> int:
    if start is not None and start < 0:
        raise EvaluationError(f"index out of range: {start}")
    if not part:
        return len(text) if start is None else min(start, len(text))
    if start is None:
        return text.rfind(part)
    return -1 if start >= len(text) else text.rfind(part, 0, start + len(part))


def _split(text: str, by: str, count: int = -1) -> list[str]:
    if count == 0:
        return []
    if by:
        return text.split(by, count - 1 if count > 0 else -1)
    if 0 < count < len(text):
        return [*text[: count - 1], text[count - 1 :]]
    return list(text)


def _substring(text: str, start: int, end: int | None = None) -> str:
    if end is None:
        _check(start, len(text))
        return text[start:]
    if start > end:
        raise EvaluationError(f"invalid substring range. start: {start}, end: {end}")
    _check(start, len(text))
    _check(end, len(text))
    return text[start:end]


def _join(parts: list[object], by: str = "") -> str:
    for part in parts:
        if not isinstance(part, str):
            raise EvaluationError(f"join: invalid input: {part}")
    return by.join(parts)  # type: ignore[arg-type]


def _quote(text: str) -> str:
    whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return f'"{whole.translate(_QUOTED)}"'


STRINGS: tuple[Entry, ...] = (
    method("contains", "string string bool", str.__contains__),
    method("startsWith", "string string bool", str.startswith),
    method("endsWith", "string string bool", str.endswith),
    method("charAt", "string int string", _char_at),
    method("indexOf", "string string int", _index_of),
    method("indexOf", "string string int int", _index_of),
    method("lastIndexOf", "string string int", _last_index_of),
    method("lastIndexOf", "string string int int", _last_index_of),
    method("lowerAscii", "string string", lambda text: text.translate(_LOWER)),
    method("upperAscii", "string string", lambda text: text.translate(_UPPER)),
    method("replace", "string string string string", str.replace),
    method("replace", "string string string int string", str.replace),
    method("split", "string string list(string)", _split),
    method("split", "string string int list(string)", _split),
    method("substring", "string int string", _substring),
    method("substring", "string int int string", _substring),
    method("trim", "string string", lambda text: text.strip(SPACE)),
    method("reverse", "string string", lambda text: text[::-1]),
    method("format", "string list(dyn) string", format_text),
    method("join", "list(string) string", _join),
    method("join", "list(string) string string", _join),
    function("strings.quote", "string string", _quote),
)
