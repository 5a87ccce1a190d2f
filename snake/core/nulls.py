"""Nulls: JSON's null where a value is expected, which Go takes for the value that is not there."""

from __future__ import annotations

from typing import Any, get_args, get_origin

import msgspec

from snake.core.locate import chosen, is_struct, types_of

_EMPTY: dict[type, object] = {str: "", int: 0, float: 0, bool: False}


def without_nulls(raw: bytes | msgspec.Raw, kind: Any) -> bytes:  # noqa: ANN401
    """Return JSON of this type without the nulls that stand for nothing.

    A field that is null is left out; in a list it is the empty value. Modules are
    undecoded yet, and stay as they are. Raises `msgspec.DecodeError` for what is no JSON.
    """
    return msgspec.json.encode(_without(msgspec.json.decode(raw), kind))


def _without(value: object, kind: Any) -> object:  # noqa: ANN401
    kind = chosen(value, kind)
    if isinstance(value, dict) and is_struct(kind):
        types = types_of(kind)
        return {
            name: _without(child, types[name]) if name in types else child
            for name, child in value.items()
            if child is not None or types.get(name, msgspec.Raw) is msgspec.Raw
        }
    if isinstance(value, dict) and get_origin(kind) is dict:
        return {key: _item(child, get_args(kind)[1]) for key, child in value.items()}
    if isinstance(value, list) and get_origin(kind) in (list, tuple):
        return [_item(child, get_args(kind)[0]) for child in value]
    return value


def _item(value: object, kind: Any) -> object:  # noqa: ANN401
    """Return what is in a list or a map."""
    if value is not None:
        return _without(value, kind)
    if is_struct(kind) or get_origin(kind) is dict:
        return {}
    if get_origin(kind) in (list, tuple):
        return []
    return _EMPTY.get(kind)
