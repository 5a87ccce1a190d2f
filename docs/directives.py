"""The reference of the Caddyfile, from the manuals in the code.

As one page for who reads the repository, `directives.md`, and as a page for each word on the site.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

from docs.page import Page
from docs.schema import fields, page_of, slug
from docs.uses import Use, found
from snake.standard import DIRECTIVES, MATCHERS, MODULES, OPTIONS

PAGE = Path(__file__).with_suffix(".md")

SOURCE = "docs/directives.md"
"""Where the links of manuals are meant from."""

OPENING = """\
# Directives, matchers and options

Every word that a line of a Caddyfile may begin with. `make docs` writes this page from the manuals
in `snake/directives`, `snake/matchers` and `snake/options`.
"""

KINDS = {
    "directives": ("Directives", DIRECTIVES, "What may begin a line inside a site."),
    "matchers": (
        "Matchers",
        MATCHERS,
        "What may begin a line of a [named matcher](caddyfile/matchers.md).",
    ),
    "options": (
        "Global options",
        OPTIONS,
        "What may begin a line of the first block, which has no address.",
    ),
}
"""Folders of the site: title, names and what they are."""


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


def pages() -> Iterator[Page]:
    """Return the pages of the site: an index and a page for each manual, kind by kind."""
    uses = found()
    for folder, (title, table, what) in KINDS.items():
        rows = [f"# {title}\n", f"{what}\n", "| | |", "|---|---|"]
        details = []
        for module in _modules(table):
            name, summary = _title(_manual(module))
            stem = _stem(module)
            names = ", ".join(f"[`{each.strip()}`]({folder}/{stem}.md)" for each in name.split(","))
            rows.append(f"| {names} | {summary} |")
            shown = list(
                dict.fromkeys(
                    use for each in name.split(", ") for use in uses.get((folder, each), ())
                )
            )
            details.append(Page(f"{folder}/{stem}.md", _detail(module, shown), SOURCE))
        yield Page(f"{folder}/index.md", "\n".join(rows) + "\n", SOURCE)
        yield from details


def anchors() -> dict[str, str]:
    """Return the page for each heading of `directives.md`, by the anchor that it has there."""
    pages: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for folder, (_, table, _) in KINDS.items():
        for module in _modules(table):
            anchor = re.sub(r"[^\w\- ]", "", _title(_manual(module))[0]).replace(" ", "-").lower()
            number = seen[anchor]
            seen[anchor] += 1
            pages[f"{anchor}-{number}" if number else anchor] = f"{folder}/{_stem(module)}.md"
    return pages


def _modules(table: Mapping[str, str]) -> list[str]:
    """Return the modules of a table, each once; several options may share one."""
    return list(dict.fromkeys(path.partition(":")[0] for path in table.values()))


def _manuals(table: Mapping[str, str]) -> Iterable[str]:
    """Yield the manual of each module in the table."""
    for module in _modules(table):
        yield _markdown(_manual(module))


def _manual(module: str) -> str:
    return inspect.getdoc(import_module(module)) or ""


def _stem(module: str) -> str:
    return module.rpartition(".")[2].rstrip("_")


def _title(manual: str) -> tuple[str, str]:
    """Return the word or words that a manual is of, and what it says of them in a sentence."""
    name, _, summary = manual.partition("\n")[0].partition(": ")
    return name, summary[:1].upper() + summary[1:]


def _detail(module: str, uses: list[Use]) -> str:
    """Return the page of one manual, and where its words are shown."""
    name, summary = _title(_manual(module))
    _, _, body = _markdown(_manual(module)).partition("\n\n")
    body = body.partition("\n")[2].replace("\nSyntax:\n", "\n## Syntax\n")
    body = re.sub(r"(^|\n)```\n(.+?\n)```(?=\n|$)", r"\1```caddyfile\n\2```", body, flags=re.DOTALL)
    body = re.sub(r"`?docs/([\w-]+)\.md`?", _page_link, body)
    shown = "\n".join(["## Shown in\n", *(f"- {use.link}" for use in uses)]) if uses else ""
    return f"# {name}\n\n{summary}\n{body}\n{_json(module)}\n{shown}\n"


def _page_link(found: re.Match[str]) -> str:
    """Return a link to a page that a manual names, if it is there."""
    there = PAGE.with_name(f"{found[1]}.md").exists()
    return f"[{found[1]}]({found[1]}.md)" if there else found[0]


def _json(module: str) -> str:
    """Return the fields of the JSON that the module of a word stands for."""
    ids = [id for id, path in MODULES.items() if path.partition(":")[0] == module]
    if not ids:
        return ""
    parts = [f"[`{id}`](json/{page_of(id)}.md#{slug(id)})\n\n{fields(id)}" for id in ids]
    return "\n".join(["## JSON\n", *parts])


def _markdown(manual: str) -> str:
    """Turn a docstring into a section: its title, and fences for its indented blocks."""
    body = manual.partition("\n")[2]
    name, summary = _title(manual)
    lines = [f"### {name}", "", summary]
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
