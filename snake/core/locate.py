"""Locate what is wrong in a document that does not decode.

msgspec names the first fault, but writes the key of every map on the way to it
as `[...]`, and says what is wrong but not in which struct. Here the fault is
sought again, from the outside in.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec


def locate(raw: bytes | msgspec.Raw, kind: Any) -> tuple[list[str], Any, msgspec.DecodeError]:  # noqa: ANN401
    """Return the steps to the innermost value that is wrong, its type, and the error there.

    `raw` must be JSON that does not decode as `kind`.
    """
    steps: list[str] = []
    value = msgspec.json.decode(raw)
    while True:
        kind = chosen(value, kind)
        for step, child, child_kind in _children(value, kind):
            if _fault(child, child_kind) is not None:
                steps.append(step)
                value, kind = child, child_kind
                break
        else:
            fault = _fault(value, kind)
            return steps, kind, fault or msgspec.ValidationError("Expected another value")


def _fault(value: object, kind: Any) -> msgspec.ValidationError | None:  # noqa: ANN401
    try:
        msgspec.json.decode(msgspec.json.encode(value), type=kind)
    except msgspec.ValidationError as error:
        return error
    return None


def chosen(value: object, kind: Any) -> Any:  # noqa: ANN401
    """Return the one of a union that an object or an array is meant to be: of `Server | None`."""
    if get_origin(kind) in (Union, UnionType) and isinstance(value, dict | list):
        choices = get_args(kind)
        return next((choice for choice in choices if _holds(choice, value)), kind)
    return kind


def _holds(kind: Any, value: object) -> bool:  # noqa: ANN401
    if isinstance(value, dict):
        return is_struct(kind) or get_origin(kind) is dict
    return get_origin(kind) in (list, tuple)


def is_struct(kind: Any) -> bool:  # noqa: ANN401
    """Whether a type is that of a struct."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


@cache
def types_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the types of a struct's fields by their names in JSON."""
    types = get_type_hints(kind)
    names = zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
    return {name: types[field] for name, field in names}


def _children(value: object, kind: Any) -> Iterator[tuple[str, object, Any]]:  # noqa: ANN401
    """Yield each step, value and type below a value of this type."""
    if isinstance(value, dict) and get_origin(kind) is dict:
        for key, child in value.items():
            yield key, child, get_args(kind)[1]
    elif isinstance(value, dict) and is_struct(kind):
        for name, child_kind in types_of(kind).items():
            if name in value:
                yield name, value[name], child_kind
    elif isinstance(value, list) and get_origin(kind) in (list, tuple):
        for index, child in enumerate(value):
            yield str(index), child, get_args(kind)[0]
