"""The shape of a filter: from a field's name and value to those that are logged."""

from __future__ import annotations

from collections.abc import Callable

from snake.core.modules import Context, Module

Filter = Callable[[str, object], tuple[str, object] | None]
"""Takes the name and value of a field and returns both; `None` when the field is not logged."""


class FilterModule(Module):
    """The base of modules in `caddy.logging.encoders.filter`."""

    async def provision(self, ctx: Context) -> Filter:
        """Return the filter."""
        found: Filter = await super().provision(ctx)
        return found


def on_text(change: Callable[[str], str]) -> Filter:
    """Return a filter that changes text, also each of a list; other values it leaves alone."""

    def apply(name: str, value: object) -> tuple[str, object]:
        if isinstance(value, str):
            return name, change(value)
        if isinstance(value, list | tuple):
            return name, [change(each) if isinstance(each, str) else each for each in value]
        return name, value

    return apply
