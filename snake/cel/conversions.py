"""Conversions: functions that are named like the type that they return.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from snake.cel.errors import EvaluationError
from snake.cel.operators import checked_int
from snake.cel.overload import Entry, function
from snake.cel.times import parse_duration, parse_timestamp
from snake.cel.types import Type
from snake.cel.values import (
    LARGEST_INT,
    LARGEST_UINT,
    SMALLEST_INT,
    Duration,
    Timestamp,
    Uint,
    general,
    type_of,
)
from snake.core.numbers import NumberError, integer, real, truth
from snake.core.units import SECOND

T = TypeVar("T")


def _same(value: T) -> T:
    return value


def _read(read: Callable[[str], T], to: str) -> Callable[[str], T]:
    """Return what reads a text. It raises `EvaluationError`."""

    def convert(text: str) -> T:
        try:
            return read(text)
        except NumberError:
            raise EvaluationError(f"type conversion error from 'string' to '{to}'") from None

    return convert


def _unsigned(text: str) -> Uint:
    digits = text.lstrip("0")
    if not (text.isascii() and text.isdigit()) or len(digits) > len(str(LARGEST_UINT)):
        raise NumberError(text)
    return _to_uint(int(digits or "0"))


def _double(text: str) -> float:
    return float(real(text))


def _to_int(value: float) -> int:
    if math.isnan(value) or not SMALLEST_INT < value < LARGEST_INT:
        raise EvaluationError("integer overflow")
    return int(value)


def _to_uint(value: float) -> Uint:
    if isinstance(value, float) and (math.isnan(value) or math.isinf(value)):
        raise EvaluationError("unsigned integer overflow")
    if not 0 <= value <= LARGEST_UINT:
        raise EvaluationError("unsigned integer overflow")
    return Uint(value)


def _text_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from None


def _timestamp_of_int(value: int) -> Timestamp:
    return parse_timestamp(value)


CONVERSIONS: tuple[Entry, ...] = (
    function("type", "A type(A)", lambda value: Type(type_of(value))),
    function("dyn", "A dyn", _same),
    *(
        function(name, f"{kind} {kind}", _same)
        for name, kind in (
            *((kind, kind) for kind in ("bool", "bytes", "double", "int", "string", "uint")),
            ("duration", "duration"),
            ("timestamp", "timestamp"),
        )
    ),
    function("bool", "string bool", _read(truth, "bool")),
    function("bytes", "string bytes", lambda text: text.encode("utf-8", "surrogateescape")),
    function("double", "int double", float),
    function("double", "uint double", float),
    function("double", "string double", _read(_double, "double")),
    function("duration", "string duration", parse_duration),
    function("int", "double int", _to_int),
    function("int", "uint int", lambda value: checked_int(int(value))),
    function("int", "string int", _read(integer, "int")),
    function("int", "duration int", lambda value: value.ns),
    function("int", "timestamp int", lambda value: value.ns // SECOND),
    function("string", "bool string", lambda value: "true" if value else "false"),
    function("string", "bytes string", _text_of_bytes),
    function("string", "double string", general),
    function("string", "duration string", Duration.__str__),
    function("string", "int string", int.__str__),
    function("string", "timestamp string", Timestamp.__str__),
    function("string", "uint string", int.__str__),
    function("timestamp", "int timestamp", _timestamp_of_int),
    function("timestamp", "string timestamp", parse_timestamp),
    function("uint", "double uint", _to_uint),
    function("uint", "int uint", _to_uint),
    function("uint", "string uint", _read(_unsigned, "uint")),
)

NAMES = frozenset(name for name, _ in CONVERSIONS)
"""The functions whose value for what is written down is known before any request."""
