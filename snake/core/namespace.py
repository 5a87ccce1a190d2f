"""In: which modules may stand in a field that is left undecoded.

A field of guests is `Annotated[msgspec.Raw, In(namespace, key)]`. The guest's own
class says what its JSON is; this says where to look that class up, so that a
whole document can be checked, and described, without running any of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from snake.core.record import Record


class In(Record):
    """The namespace of the guests in a field, and the key that names each.

    Without a `key`, the guest's name is the key of the map that it stands in, as
    it is with matchers.
    """

    namespace: str
    key: str = ""


class Guest(Record):
    """One guest that was found in a document: its name if a map key gives it, and its JSON."""

    path: tuple[str, ...]
    where: In
    name: str
    raw: msgspec.Raw


def guests(value: msgspec.Struct) -> Iterator[Guest]:
    """Yield the guests in a decoded struct, with the steps that lead to each."""
    for attribute, name, hint in _fields_with_guests(type(value)):
        inner = getattr(value, attribute)
        # JSON's null in a field is a guest that is not there; in a list, it is none.
        if not (isinstance(inner, msgspec.Raw) and bytes(inner) == b"null"):
            yield from _guests(inner, hint, (name,))


def _guests(value: object, hint: Any, path: tuple[str, ...]) -> Iterator[Guest]:  # noqa: ANN401
    where = next((extra for extra in getattr(hint, "__metadata__", ()) if type(extra) is In), None)
    if where is not None:
        if isinstance(value, msgspec.Raw):
            yield Guest(path, where, path[-1], value)
    elif isinstance(value, msgspec.Struct):
        for guest in guests(value):
            yield Guest((*path, *guest.path), guest.where, guest.name, guest.raw)
    elif isinstance(value, Mapping):
        inner = _inner(hint, dict)
        for key, each in value.items():
            yield from _guests(each, inner, (*path, str(key)))
    elif isinstance(value, list | tuple):
        inner = _inner(hint, tuple, list)
        for index, each in enumerate(value):
            yield from _guests(each, inner, (*path, str(index)))


def _inner(hint: Any, *kinds: type) -> Any:  # noqa: ANN401
    """Return the type of what is in a container, whatever unions stand around it."""
    if get_origin(hint) is Annotated:
        return _inner(get_args(hint)[0], *kinds)
    if get_origin(hint) in kinds:
        args = [arg for arg in get_args(hint) if arg is not Ellipsis]
        return args[-1]
    choices = (_inner(arg, *kinds) for arg in get_args(hint))
    return next((choice for choice in choices if choice is not None), None)


@cache
def _fields_with_guests(kind: type[msgspec.Struct]) -> tuple[tuple[str, str, Any], ...]:
    """Return attribute, JSON name and type of the fields that have guests in them, or may."""
    hints = get_type_hints(kind, include_extras=True)
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return tuple((field, name, hints[field]) for field, name in names if _may_have(hints[field]))


def _may_have(hint: Any) -> bool:  # noqa: ANN401
    """Whether there is a guest, or a struct that may have one, in a type."""
    if any(type(extra) is In for extra in getattr(hint, "__metadata__", ())):
        return True
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return True
    return any(_may_have(arg) for arg in get_args(hint))
