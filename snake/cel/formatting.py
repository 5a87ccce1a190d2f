"""`"%s".format([...])`: text with the values of a list put into it.

Source: https://github.com/google/cel-spec/blob/master/doc/extensions/strings.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from snake.cel.errors import EvaluationError
from snake.cel.types import Type
from snake.cel.values import CLASSES, Duration, Map, Timestamp, type_of
from snake.core.numbers import shortest

_CLAUSE = re.compile(r"%(?:%|(?:\.([0-9]*))?([\s\S]?))")
_PRECISION = 6
_MOST_PRECISE = 100
_NUMBERS = ("int", "uint", "double")
_KINDS: dict[str, Collection[str]] = {
    "s": CLASSES,
    "d": _NUMBERS,
    "f": _NUMBERS,
    "e": _NUMBERS,
    "b": ("bool", "int", "uint"),
    "o": ("int", "uint"),
    "x": ("int", "uint", "string", "bytes"),
    "X": ("int", "uint", "string", "bytes"),
}
"""The types that each clause is for."""
_SPECIAL = {math.inf: "Infinity", -math.inf: "-Infinity"}


def format_text(text: str, values: list[object]) -> str:
    """Put values in the place of `%s`, `%d`, `%.2f` and their like. Raises `EvaluationError`."""
    parts: list[str] = []
    end = 0
    for number, (start, stop, letter, precision) in enumerate(_clauses(text)):
        if number >= len(values):
            raise EvaluationError(f"index {number} out of range")
        parts += (_literal(text[end:start]), _clause(letter, precision, values[number]))
        end = stop
    return "".join([*parts, _literal(text[end:])])


def _literal(text: str) -> str:
    return text.replace("%%", "%")


def check_format(text: str, kinds: list[str]) -> None:
    """Refuse a text for values of these types, each of which it must take.

    Raises `EvaluationError`.
    """
    clauses = list(_clauses(text))
    if len(clauses) > len(kinds):
        raise EvaluationError(f"index {len(kinds)} out of range")
    for (_, _, letter, _), kind in zip(clauses, kinds, strict=False):
        if kind != "dyn" and kind not in _kinds(letter):
            raise EvaluationError(f"error during formatting: %{letter} is not for a {kind}")
    if len(clauses) < len(kinds):
        raise EvaluationError(f"too many arguments supplied to string.format: {len(kinds)}")


def _clauses(text: str) -> Iterator[tuple[int, int, str, int]]:
    """Yield where each clause begins and ends, its letter, and its precision."""
    for found in _CLAUSE.finditer(text):
        if found[0] != "%%":
            if not found[2]:
                raise EvaluationError("unexpected end of string")
            _kinds(found[2])
            yield found.start(), found.end(), found[2], _precision(found[1])


def _kinds(letter: str) -> Collection[str]:
    kinds = _KINDS.get(letter)
    if kinds is None:
        problem = f'could not parse formatting clause: unrecognized formatting clause "{letter}"'
        raise EvaluationError(problem)
    return kinds


def _precision(digits: str | None) -> int:
    if digits is None:
        return _PRECISION
    if not digits or len(digits) > len(str(_MOST_PRECISE)) or int(digits) > _MOST_PRECISE:
        raise EvaluationError(f"precision {digits} is none, or exceeds {_MOST_PRECISE}")
    return int(digits)


def _clause(letter: str, precision: int, value: Any) -> str:  # noqa: ANN401
    kind = type_of(value)
    if kind not in _kinds(letter):
        raise EvaluationError(f"error during formatting: %{letter} is not for a {kind}")
    if letter in "sd":
        return _text(value)
    if letter in "fe":
        return _number(float(value), f".{precision}{letter}")
    if kind in ("string", "bytes"):
        data = value.encode("utf-8", "surrogateescape") if kind == "string" else value
        return str(data.hex().upper() if letter == "X" else data.hex())
    return format(value, letter)


def _number(number: float, form: str) -> str:
    if math.isnan(number):
        return "NaN"
    return _SPECIAL.get(number) or format(number, form)


def _text(value: object) -> str:  # noqa: PLR0911  (one for each kind)
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return "NaN" if math.isnan(value) else _SPECIAL.get(value) or shortest(value)
        case bytes():
            return value.decode("utf-8", "surrogateescape")
        case Type():
            return value.name
        case Timestamp():
            return value.written(timedelta())
        case list():
            return f"[{', '.join(map(_text, value))}]"
        case Map():
            entries = sorted((_text(key), _text(item)) for key, item in value.items())
            return f"{{{', '.join(f'{key}: {item}' for key, item in entries)}}}"
        case str() | int() | Duration():
            return str(value)
        case _:
            raise EvaluationError("error during formatting: this kind of value has no text")
