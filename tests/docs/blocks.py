"""The fenced blocks of the documentation, and what is to be done with each.

The language after the fence says it: `caddyfile`, `json` and `python` are checked as what they
are, each `snake` in `sh` is a command that there is, `console` is run for real, line by line, and
what is shown below a command is what it prints. A `title` is the file that the block is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GENERATED = ("directives.md", "commands.md")
"""What `make docs` writes."""
PAGES = sorted(
    {
        *(path for path in (ROOT / "docs").rglob("*.md") if path.name not in GENERATED),
        *ROOT.glob("*.md"),
        *(ROOT / "examples").glob("*/README.md"),
        ROOT / "benchmarks/README.md",
    }
)
"""Everything that is written by hand."""

FENCE = re.compile(
    r"(?:^ *<!-- (?P<note>[^\n]+?) -->\n)?"
    r"^(?P<indent> *)(?P<marks>`{3,})(?P<info>[^\n]*)\n(?P<text>.*?)^ *(?P=marks)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """One block. A comment above its fence is a note on it.

    `in: tls` says what a part of a Caddyfile stands in, `wrong` that a mistake is shown, `soon`
    that what a command prints need not be so at once.
    """

    page: Path
    line: int
    language: str
    title: str
    note: str
    text: str

    def __str__(self) -> str:
        """Return the place of the block, as an ID."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in order."""
    return list(_blocks(page))


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in FENCE.finditer(text):
        language, _, rest = found["info"].strip().partition(" ")
        title = TITLE.search(rest)
        indent = found["indent"]
        yield Block(
            page,
            text.count("\n", 0, found.start("marks")) + 1,
            language,
            title[1] if title else "",
            found["note"] or "",
            re.sub(rf"^{indent}", "", found["text"], flags=re.MULTILINE),
        )


def every(*languages: str) -> list[Block]:
    """Return the blocks of all pages in any of these languages."""
    return [each for page in PAGES for each in blocks(page) if each.language in languages]
