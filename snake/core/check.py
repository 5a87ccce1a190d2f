"""Check a document against the types of everything in it, without provisioning anything.

A type is compiled once to what there is to visit in its values: guests, numbers, text
that has to be readable. All else was checked when the document was decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo, fields

from snake.core.errors import ConfigError, SnakeError
from snake.core.locate import is_struct
from snake.core.namespace import In
from snake.core.record import Record

if TYPE_CHECKING:
    from snake.core.modules import Registry

_HALF = 1 << 63


class Checked(Record):
    """A field whose text has to be readable: `Annotated[int | str, Checked(duration)]`.

    `read` raises `SnakeError` for text that is not.
    """

    read: Callable[[str], object]


class _Place:
    """Where a value stands: the step that leads to it, and where its container stands."""

    __slots__ = ("above", "step")

    def __init__(self, above: _Place | None, step: str) -> None:
        self.above = above
        self.step = step

    def fail(self, message: str, below: str = "") -> NoReturn:
        steps = [below] if below else []
        place: _Place | None = self
        while place is not None:
            steps.append(place.step)
            place = place.above
        raise ConfigError(message, "/".join(step for step in reversed(steps) if step)) from None


class _Check:
    """One run: the modules that there are, and what was found right already."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.right: set[tuple[In, str, bytes]] = set()

    def guest(self, raw: msgspec.Raw, where: In, place: _Place) -> None:
        """Check a guest and those in it. Big documents have the same ones over and over."""
        name = "" if where.key else place.step
        known = (where, name, bytes(raw))
        if known in self.right:
            return
        try:
            module = self.registry.decode(raw, where.namespace, where.key, name or None, "")
        except ConfigError as error:
            place.fail(error.message, error.path)
        self.struct(module, place)
        self.right.add(known)

    def struct(self, value: msgspec.Struct, place: _Place) -> None:
        """Check what there is to visit in a struct."""
        bare = getattr(value, "bare", None)
        for field, visit in _visits_of(type(value)):
            inner = getattr(value, field.name)
            # The field that is the whole of a module does not stand in the document.
            below = place if bare == field.name else _Place(place, field.encode_name)
            # A default is right; and JSON's null in a field is a guest that is not there.
            if inner not in (field.default, _NULL):
                visit(self, inner, below)


_NULL = msgspec.Raw(b"null")

_Visit = Callable[[_Check, Any, _Place], None]


def check(value: msgspec.Struct, registry: Registry, path: str = "") -> None:
    """Decode every guest in a struct, and the guests in those.

    Raises `ConfigError` with the JSON path of the first that is of a wrong type,
    has a field that nobody knows, or is no module at all.
    """
    try:
        _Check(registry).struct(value, _Place(None, path))
    except RecursionError:
        raise ConfigError("JSON is nested too deeply", path) from None


@cache
def _visits_of(kind: type[msgspec.Struct]) -> tuple[tuple[FieldInfo, _Visit], ...]:
    """Return the fields of a struct in which there is something to check."""
    found = ((field, _visit(field.type)) for field in fields(kind))
    return tuple((field, visit) for field, visit in found if visit is not None)


def _visit(hint: Any) -> _Visit | None:  # noqa: ANN401
    """Return what checks a value of a type; `None` when there is nothing to check."""
    args = get_args(hint)
    visit: _Visit | None = None
    match get_origin(hint):
        case origin if origin is Annotated:
            visit = _annotated(args[0], args[1:])
        case origin if origin is dict:
            visit = _each_value(_visit(args[1]))
        case origin if origin in (list, tuple):
            visit = _each_item(_visit(args[0]))
        case origin if origin in (Union, UnionType):
            visit = _any_of([visit for visit in map(_visit, args) if visit is not None])
        case _ if hint is int:
            visit = _whole_number
        case _ if is_struct(hint):
            visit = _Check.struct
    return visit


def _annotated(hint: Any, extras: tuple[object, ...]) -> _Visit | None:  # noqa: ANN401
    for extra in extras:
        if isinstance(extra, In):
            return _guest_in(extra)
        if isinstance(extra, Checked):
            return _readable(extra.read)
    return _visit(hint)


def _guest_in(where: In) -> _Visit:
    return lambda run, value, place: run.guest(value, where, place)


def _whole_number(run: _Check, value: object, place: _Place) -> None:
    del run
    if isinstance(value, int) and not -_HALF <= value < _HALF:
        place.fail(f"expected a whole number of 64 bits, got {value}")


def _readable(read: Callable[[str], object]) -> _Visit:
    def visit(run: _Check, value: object, place: _Place) -> None:
        _whole_number(run, value, place)
        if isinstance(value, str):
            try:
                read(value)
            except SnakeError as error:
                place.fail(str(error))

    return visit


def _each_value(visit: _Visit | None) -> _Visit | None:
    if visit is None:
        return None

    def visit_all(run: _Check, values: object, place: _Place) -> None:
        for key, value in values.items() if isinstance(values, Mapping) else ():
            visit(run, value, _Place(place, str(key)))

    return visit_all


def _each_item(visit: _Visit | None) -> _Visit | None:
    if visit is None:
        return None

    def visit_all(run: _Check, values: object, place: _Place) -> None:
        for index, value in enumerate(values if isinstance(values, list | tuple) else ()):
            visit(run, value, _Place(place, str(index)))

    return visit_all


def _any_of(visits: list[_Visit]) -> _Visit | None:
    """Visit a value as each of its types; those that it is not of see nothing in it."""
    if len(visits) <= 1:
        return _given(visits[0]) if visits else None

    def visit_all(run: _Check, value: object, place: _Place) -> None:
        for visit in visits:
            _given(visit)(run, value, place)

    return visit_all


def _given(visit: _Visit) -> _Visit:
    """Visit structs as structs only."""
    if visit is not _Check.struct:
        return visit

    def visit_struct(run: _Check, value: object, place: _Place) -> None:
        if isinstance(value, msgspec.Struct):
            run.struct(value, place)

    return visit_struct
