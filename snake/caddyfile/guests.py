"""Guests: modules that stand inside of a directive or an option, read by syntax of their own.

`output file /x` in `log` is the module `caddy.logging.writers.file`. Which modules there
are nobody here knows: the class that bears the ID reads the line, with a class method
`from_caddyfile(line, guests)`. The line's first word is the module's name; the method
returns the module or raises `CaddyfileError`. A class without it is for JSON alone.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from snake.caddyfile.manual import reading
from snake.caddyfile.segments import Segment
from snake.core.errors import ConfigError
from snake.core.modules import Module, Registry, to_json
from snake.core.namespace import OF_PLUGINS
from snake.core.suggest import suggestion


class Guests:
    """Reads guest modules; `registry` has all that there are."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def has(self, namespace: str, name: str) -> bool:
        """Whether there is a module of this name."""
        # A dot would lead to another namespace, where modules are of another kind.
        return "." not in name and f"{namespace}.{name}" in self._registry

    def names(self, namespace: str) -> list[str]:
        """Return the names of the modules that there are."""
        return self._registry.names(namespace)

    def read(self, line: Segment, namespace: str) -> Module:
        """Return the module that a line begins with the name of. Raises `CaddyfileError`."""
        id = f"{namespace}.{line.name}"
        if not self.has(namespace, line.name):
            known = self.names(namespace)
            more = OF_PLUGINS.get(namespace, "")
            line.words[0].fail(
                f"module not registered: {id}{suggestion(line.name, known)}",
                f"known: {', '.join(known)}{more}"
                if known
                else "there is none without a plugin that has it",
            )
        try:
            cls = self._registry.get(id)
        except ConfigError as error:
            line.words[0].fail(str(error))
        read: Callable[[Segment, Guests], Module] | None = getattr(cls, "from_caddyfile", None)
        if read is None:
            line.words[0].fail(f"module {id} cannot be written in a Caddyfile, only in JSON")
        with reading(line, read):
            return read(line, self)

    def json(self, line: Segment, namespace: str, key: str) -> msgspec.Raw:
        """Return the JSON of the module that a line begins with, its name in the field `key`."""
        return to_json(self.read(line, namespace), key)
