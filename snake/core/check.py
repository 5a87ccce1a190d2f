"""Check a document against the types of everything in it, without provisioning anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import msgspec
from msgspec.structs import FieldInfo, fields

from snake.core.errors import ConfigError, SnakeError
from snake.core.namespace import guests
from snake.core.record import Record

if TYPE_CHECKING:
    from snake.core.modules import Registry

_HALF = 1 << 63


class Checked(Record):
    """A field whose text has to be readable: `Annotated[int | str, Checked(duration)]`.

    `read` raises `SnakeError` for text that is not.
    """

    read: Callable[[str], object]


def check(value: msgspec.Struct, registry: Registry, path: str = "") -> None:
    """Decode every guest in a struct, and the guests in those.

    Raises `ConfigError` with the JSON path of the first that is of a wrong type,
    has a field that nobody knows, or is no module at all.
    """
    unwritten = getattr(value, "bare", None)
    for steps, struct in _structs(value, ()):
        _check_fields(struct, _joined(path, steps, unwritten))
    for guest in guests(value):
        place = _joined(path, guest.path, unwritten)
        where = guest.where
        name = guest.name if not where.key else None
        module = registry.decode(guest.raw, where.namespace, where.key, name, place)
        check(module, registry, place)


def _joined(path: str, steps: tuple[str, ...], unwritten: str | None = None) -> str:
    """Return the path of a value; the field that is the whole of a module does not stand in it."""
    written = steps[1:] if steps[:1] == (unwritten,) else steps
    return "/".join(step for step in (path, *written) if step)


def _structs(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield all structs in a value, and the steps to each."""
    if isinstance(value, msgspec.Struct):
        yield path, value
        names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        for attribute, name in names:
            yield from _structs(getattr(value, attribute), (*path, name))
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _structs(each, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _structs(each, (*path, str(index)))


def _check_fields(struct: msgspec.Struct, path: str) -> None:
    for field, read in _checked_fields(type(struct)):
        given = getattr(struct, field.name)
        place = _joined(path, (field.encode_name,))
        if isinstance(given, int) and not -_HALF <= given < _HALF:
            raise ConfigError(f"expected a whole number of 64 bits, got {given}", place)
        if isinstance(given, str) and given != field.default and read is not None:
            try:
                read(given)
            except SnakeError as error:
                raise ConfigError(str(error), place) from None


@cache
def _checked_fields(
    kind: type[msgspec.Struct],
) -> tuple[tuple[FieldInfo, Callable[[str], object] | None], ...]:
    """Return the fields that hold a number or checked text, and what reads the text."""
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in fields(kind):
        hint = hints[field.name]
        extras = getattr(hint, "__metadata__", ())
        read = next((extra.read for extra in extras if isinstance(extra, Checked)), None)
        if read or hint is int or int in get_args(hint):
            found.append((field, read))
    return tuple(found)
