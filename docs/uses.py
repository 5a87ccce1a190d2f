"""Where the pages show a word in use: found in their Caddyfiles, so nobody has to list it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from snake.standard import DIRECTIVES

HERE = Path(__file__).parent
BLOCK = re.compile(r"^ *```caddyfile[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
MOST = 6
ROUTES = {"handle", "handle_path", "handle_errors", "handle_response", "intercept", "route"}
"""What directives stand in, besides sites."""


@dataclass(frozen=True)
class Use:
    """A place on a page: the page's path below docs/, its title, and the heading above."""

    page: str
    title: str
    heading: str

    @property
    def link(self) -> str:
        """The place as a link, as of a page in docs/."""
        if self.heading == self.title:
            return f"[{self.title}]({self.page})"
        anchor = re.sub(r"[^\w\- ]", "", self.heading.lower()).strip().replace(" ", "-")
        return f"[{self.title}: {self.heading}]({self.page}#{anchor})"


def found() -> dict[tuple[str, str], list[Use]]:
    """Return some uses of each word, by its kind and name: `("directives", "header")`.

    Places that are about the word come first.
    """
    uses: dict[tuple[str, str], list[Use]] = {}
    pages = [HERE / "recipes.md", *sorted(HERE.rglob("*.md"))]
    for path in dict.fromkeys(pages):
        if path.name in ("directives.md", "commands.md", "compatibility.md"):
            continue
        for use, block in _blocks(path):
            for word in set(words(block)):
                uses.setdefault(word, []).append(use)
    return {word: _best(word[1], places) for word, places in uses.items()}


def _best(word: str, places: list[Use]) -> list[Use]:
    ordered = sorted(places, key=lambda use: word not in f"{use.page} {use.heading.lower()}")
    return list(dict.fromkeys(ordered))[:MOST]


def _blocks(path: Path) -> Iterator[tuple[Use, str]]:
    """Yield the Caddyfiles of a page, and where they stand."""
    text = path.read_text()
    headings = [(each.start(), each[2]) for each in HEADING.finditer(_without_blocks(text))]
    if not headings:
        return
    title = headings[0][1]
    for block in BLOCK.finditer(text):
        above = [name for start, name in headings if start < block.start()]
        yield Use(str(path.relative_to(HERE)), title, above[-1] if above else title), block[1]


def _without_blocks(text: str) -> str:
    """Blank out what stands in fences, where `#` begins a comment, and keep all positions."""
    fence = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
    return fence.sub(lambda each: re.sub(r"[^\n]", " ", each[0]), text)


def words(block: str) -> Iterator[tuple[str, str]]:
    """Yield the words that lines begin with, by kind: what stands where says which it is."""
    opened: list[str] = []
    for line in block.split("\n"):
        parts = line.split()
        if not parts or parts[0].startswith("#"):
            continue
        first = parts[0]
        if first == "}":
            del opened[-1:]
            continue
        yield from _word(opened, parts)
        if parts[-1] == "{":
            opened.append("@" if first.startswith("@") else first)


def _word(opened: list[str], parts: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what the first word of a line is, by what it stands in; subdirectives are nothing."""
    first = parts[0]
    if first.startswith("@") and len(parts) > 1:
        yield "matchers", parts[1]
    elif opened[-1:] == ["@"]:
        yield "matchers", first
    elif opened == ["{"]:
        yield "options", first
    elif all(each in ROUTES or each not in DIRECTIVES for each in opened[:1]) and all(
        each in ROUTES for each in opened[1:]
    ):
        yield "directives", first
