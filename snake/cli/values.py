"""What the values of flags may be: one of some words, a file, a folder.

A shell that completes them asks these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from snake.core.suggest import suggestion

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FILE = click.Path(readable=False)
"""A file, which need not be there: whoever opens it tells best what is wrong with it."""
FOLDER = click.Path(file_okay=False, readable=False)
"""A folder, which need not be there."""


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


class _Adapter(click.ParamType[str]):
    """What a configuration is written in. Whoever reads it checks the word."""

    name = "adapter"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the words that begin so."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  (for a shell alone)

        del ctx, param
        words = ("caddyfile", "json")
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


ADAPTER = _Adapter()
