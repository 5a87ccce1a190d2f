"""The documentation is about this snake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.directives import PAGE, render
from snake import __version__
from snake.core.modules import Module, load_object
from snake.http.handler import HandlerModule
from snake.http.matcher import MatcherModule
from snake.standard import MODULES

ROOT = Path(__file__).parent.parent
PAGES = [
    *ROOT.glob("*.md"),
    *(
        path
        for folder in ("docs", "examples", "benchmarks")
        for path in ROOT.glob(f"{folder}/**/*.md")
        if ".work" not in path.parts  # where benchmarks install what they compare
    ),
]


def test_reference_is_up_to_date() -> None:
    """docs/directives.md is what `make docs` writes."""
    assert PAGE.read_text() == render()


@pytest.mark.parametrize(
    ("kind", "namespace"),
    [("directives", "http.handlers"), ("matchers", "http.matchers")],
)
def test_what_does_not_run_is_told(kind: str, namespace: str) -> None:
    """docs/compatibility.md names each handler and matcher that has no run-time part."""
    page = (ROOT / "docs/compatibility.md").read_text()
    (row,) = re.findall(rf"^\| {kind} that do not run \| (.*) \|$", page, re.MULTILINE)
    told = set(re.findall(r"`(\w+)`", row))
    modules = {id: load_object(path) for id, path in MODULES.items()}

    assert {
        _WORDS.get(id, id.rpartition(".")[2])
        for id, module in modules.items()
        if id.rpartition(".")[0] == namespace and module.provision in _REFUSING
    } <= told


_REFUSING = (Module.provision, HandlerModule.provision, MatcherModule.provision)
_WORDS = {"http.handlers.authentication": "basic_auth"}
"""Modules that a Caddyfile calls by another name."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link in a page is to a file or folder that is there."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_changelog_knows_the_version() -> None:
    """The changelog has a heading for what the next release holds, or for this version."""
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert "\n## Unreleased\n" in changelog or f"\n## {__version__} " in changelog
