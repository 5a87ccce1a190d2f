"""Checks: what a field of a message may be, by its type. Each raises `TypeError`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _int(value: object) -> int:
    if type(value) is not int:
        raise TypeError("a number is missing")
    return value


def _float(value: object) -> float:
    if type(value) not in (int, float):
        raise TypeError("a number is missing")
    return value  # type: ignore[return-value]


def _str(value: object) -> str:
    if type(value) is not str:
        raise TypeError("a text is missing")
    return value


def _ints(value: object) -> tuple[int, ...]:
    if type(value) is not list:
        raise TypeError("a list is missing")
    return tuple(map(_int, value))


def _texts(value: object) -> tuple[str, ...]:
    if type(value) is not list:
        raise TypeError("a list is missing")
    return tuple(map(_str, value))


CHECKS: dict[Any, Callable[[object], Any]] = {
    int: _int,
    float: _float,
    str: _str,
    tuple[int, ...]: _ints,
    tuple[str, ...]: _texts,
}
"""What checks the values of each type, and returns them as that."""
