"""Check a document against the types of everything in it, without provisioning anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from snake.core.namespace import guests

if TYPE_CHECKING:
    from snake.core.modules import Registry


def check(value: msgspec.Struct, registry: Registry, path: str = "") -> None:
    """Decode every guest in a struct, and the guests in those.

    Raises `ConfigError` with the JSON path of the first that is of a wrong type,
    has a field that nobody knows, or is no module at all.
    """
    for guest in guests(value):
        place = "/".join(step for step in (path, *guest.path) if step)
        where = guest.where
        name = guest.name if not where.key else None
        module = registry.decode(guest.raw, where.namespace, where.key, name, place)
        check(module, registry, place)
