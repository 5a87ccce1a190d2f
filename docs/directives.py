"""Write `directives.md`, the reference, from the manuals in the code."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path

from snake.standard import DIRECTIVES, MATCHERS, OPTIONS

PAGE = Path(__file__).with_suffix(".md")

OPENING = """\
# Directives, matchers and options

Every word that a line of a Caddyfile may begin with. `make docs` writes this page from the manuals
in `snake/directives`, `snake/matchers` and `snake/options`.
"""


def render() -> str:
    """Return the whole page."""
    parts = [
        OPENING,
        "## Directives\n",
        *_manuals(DIRECTIVES),
        "## Matchers\n",
        *_manuals(MATCHERS),
        "## Global options\n",
        *_manuals(OPTIONS),
    ]
    return "\n".join(parts)


def _manuals(table: Mapping[str, str]) -> Iterable[str]:
    """Yield the manual of each module in the table once; several options may share one."""
    modules = dict.fromkeys(path.partition(":")[0] for path in table.values())
    for module in modules:
        yield _markdown(inspect.getdoc(import_module(module)) or "")


def _markdown(manual: str) -> str:
    """Turn a docstring into a section: its title, and fences for its indented blocks."""
    title, _, body = manual.partition("\n")
    name, _, summary = title.partition(": ")
    lines = [f"### {name}", "", summary[:1].upper() + summary[1:]]
    fenced = False
    for line in body.splitlines():
        if line.startswith("    ") and not fenced:
            lines.append("```")
            fenced = True
        elif line and not line.startswith(" ") and fenced:
            lines[_last_text(lines) + 1 :] = ["```", ""]
            fenced = False
        lines.append(line[4:] if fenced else line.replace("::", ":"))
    if fenced:
        lines[_last_text(lines) + 1 :] = ["```"]
    return "\n".join(lines) + "\n"


def _last_text(lines: list[str]) -> int:
    return max(index for index, line in enumerate(lines) if line)


if __name__ == "__main__":
    PAGE.write_text(render())
