"""Lists that the code has, in the place of a mark in a page.

`<!-- list: order -->` is the order of directives, `<!-- table: shorthands -->` the short names.
"""

from __future__ import annotations

from snake.adapter.order import ORDER
from snake.adapter.shorthands import PREFIXES, WHOLE
from snake.standard import DIRECTIVES


def filled(markdown: str) -> str:
    """Replace the marks of a page."""
    return markdown.replace("<!-- list: order -->", _order()).replace(
        "<!-- table: shorthands -->", _shorthands()
    )


def _order() -> str:
    """Return the directives in the order in which they run, as links."""
    return " → ".join(
        f"[`{name}`](../directives.md#{name})" for name in ORDER if name in DIRECTIVES
    )


def _shorthands() -> str:
    """Return the short names of placeholders beside the whole ones."""
    rows = [f"| `{{{short}}}` | `{{{full}}}` |" for short, full in WHOLE.items()]
    rows += [f"| `{{{short}.*}}` | `{{{full}.*}}` |" for short, full in PREFIXES.items()]
    return "\n".join(["| short | whole |", "|---|---|", *rows])
