"""The documentation is about this snake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.directives import PAGE, render
from snake import __version__
from snake.standard import DIRECTIVES, MATCHERS, OPTIONS

ROOT = Path(__file__).parent.parent
PAGES = [
    *ROOT.glob("*.md"),
    *(
        path
        for folder in ("docs", "examples", "benchmarks")
        for path in ROOT.glob(f"{folder}/**/*.md")
    ),
]


def test_reference_is_up_to_date() -> None:
    """docs/directives.md is what `make docs` writes."""
    assert PAGE.read_text() == render()


@pytest.mark.parametrize(
    ("kind", "table"),
    [("directives", DIRECTIVES), ("matchers", MATCHERS), ("global options", OPTIONS)],
)
def test_missing_words_are_missing(kind: str, table: dict[str, str]) -> None:
    """What docs/compatibility.md calls missing is not there."""
    page = (ROOT / "docs/compatibility.md").read_text()
    (row,) = re.findall(rf"^\| {kind} \| (.*) \|$", page, re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", row)) & table.keys() == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link in a page is to a file or folder that is there."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_changelog_knows_the_version() -> None:
    """The changelog has a heading for what the next release holds, or for this version."""
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert "\n## Unreleased\n" in changelog or f"\n## {__version__} " in changelog
