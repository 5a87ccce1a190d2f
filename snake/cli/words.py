"""OneOf: the value of a flag that is one of some words."""

from __future__ import annotations

import click

from snake.core.suggest import suggestion


class OneOf(click.Choice[str]):
    """One of some words; a word that is none is told the nearest."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word."""
        if value not in self.choices:
            words = ", ".join(self.choices)
            self.fail(
                f"expected one of {words}; got {value!r}{suggestion(value, self.choices)}",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)
