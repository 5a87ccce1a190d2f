"""Overload: one form of a function, with the types that it takes and returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from snake.cel.types import Type, read_types

Library = Mapping[str, tuple["Overload", ...]]
"""The forms of each function, by its name."""

Entry = tuple[str, "Overload"]


class Overload(NamedTuple):
    """One form of a function. A method's first parameter is its target."""

    signature: str
    run: Callable[..., Any]
    """Returns the value for the arguments. Raises `EvaluationError`."""
    is_method: bool = False
    is_hidden: bool = False
    """Whether it counts only where the types are not known before the expression runs."""

    @property
    def types(self) -> tuple[Type, ...]:
        """The types of the parameters, and that of the result."""
        return read_types(self.signature)


def function(name: str, signature: str, run: Callable[..., Any]) -> Entry:
    """Return a form of a function; `signature` is `parameters... result`."""
    return name, Overload(signature, run)


def method(name: str, signature: str, run: Callable[..., Any]) -> Entry:
    """Return a form of a method; `signature` is `target parameters... result`."""
    return name, Overload(signature, run, is_method=True)


def hidden(name: str, signature: str, run: Callable[..., Any]) -> Entry:
    """Return a form of a function for values whose types nobody knew."""
    return name, Overload(signature, run, is_hidden=True)


def library(entries: Iterable[Entry]) -> dict[str, tuple[Overload, ...]]:
    """Gather the forms of each function."""
    gathered: dict[str, list[Overload]] = {}
    for name, overload in entries:
        gathered.setdefault(name, []).append(overload)
    return {name: tuple(overloads) for name, overloads in gathered.items()}
