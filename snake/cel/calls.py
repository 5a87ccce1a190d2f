"""Calls: the forms of a function that fit its arguments, bound to them.

Where the types of the arguments are known, the form is, too. Where they are not,
as with placeholders, it is chosen by the values, each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from snake.cel.errors import NoSuchOverloadError
from snake.cel.overload import Overload
from snake.cel.part import Part, Run
from snake.cel.values import CLASSES

Function = Callable[..., Any]
Classes = tuple[type | None, ...]
"""What the arguments of a form have to be; `None` is anything."""


def bind(overloads: Sequence[Overload], arguments: Sequence[Part]) -> Run:
    """Return what calls the first of the forms that takes what the arguments are."""
    forms = [(_classes(overload), overload.run) for overload in overloads]
    if len(forms) > 1:
        return _choosing(forms, arguments)
    classes, function = forms[0]
    unsure = tuple(
        None if cls is CLASSES.get(argument.type.name) else cls
        for cls, argument in zip(classes, arguments, strict=True)
    )
    return _sure(function, arguments) if not any(unsure) else _checking(unsure, function, arguments)


def _classes(overload: Overload) -> Classes:
    return tuple(CLASSES.get(kind.name) for kind in overload.types[:-1])


def _sure(function: Function, arguments: Sequence[Part]) -> Run:
    runs = [argument.run for argument in arguments]
    match runs:
        case [first]:
            return lambda host, names: function(first(host, names))
        case [first, second]:
            return lambda host, names: function(first(host, names), second(host, names))
        case _:
            return lambda host, names: function(*[run(host, names) for run in runs])


def _checking(classes: Classes, function: Function, arguments: Sequence[Part]) -> Run:
    """Call a function whose arguments may turn out to be of other kinds."""
    runs = [argument.run for argument in arguments]
    if len(runs) == 2 and classes[1] is None and arguments[1].is_constant:  # noqa: PLR2004
        return _checking_first(classes[0], function, runs[0], arguments[1].constant)

    def call(host: Any, names: tuple[Any, ...]) -> Any:  # noqa: ANN401
        values = [run(host, names) for run in runs]
        for cls, value in zip(classes, values, strict=True):
            if cls is not None and type(value) is not cls:
                raise NoSuchOverloadError
        return function(*values)

    return call


def _checking_first(cls: type | None, function: Function, first: Run, second: object) -> Run:
    """Call a function of two arguments, as the most are: of a placeholder and a constant."""

    def call(host: Any, names: tuple[Any, ...]) -> Any:  # noqa: ANN401
        value = first(host, names)
        if type(value) is not cls:
            raise NoSuchOverloadError
        return function(value, second)

    return call


def _choosing(forms: Sequence[tuple[Classes, Function]], arguments: Sequence[Part]) -> Run:
    runs = [argument.run for argument in arguments]
    table = {classes: function for classes, function in reversed(forms) if None not in classes}
    loose = [(classes, function) for classes, function in forms if None in classes]
    if not loose and len(runs) == 2 and arguments[1].is_constant:  # noqa: PLR2004
        return _choosing_first(table, runs[0], arguments[1].constant)
    find = table.get

    def call(host: Any, names: tuple[Any, ...]) -> Any:  # noqa: ANN401
        values = [run(host, names) for run in runs]
        function = find(tuple(map(type, values))) or _loose(loose, values)
        return function(*values)

    return call


def _choosing_first(table: dict[Classes, Function], first: Run, second: object) -> Run:
    """Choose by the first of two arguments; it is mostly a number that is compared."""
    find = {one: form for (one, other), form in table.items() if other is type(second)}.get

    def call(host: Any, names: tuple[Any, ...]) -> Any:  # noqa: ANN401
        value = first(host, names)
        function = find(type(value))
        if function is None:
            raise NoSuchOverloadError
        return function(value, second)

    return call


def _loose(forms: Sequence[tuple[Classes, Function]], values: Sequence[object]) -> Function:
    for classes, function in forms:
        if all(cls in (None, type(value)) for cls, value in zip(classes, values, strict=True)):
            return function
    raise NoSuchOverloadError
