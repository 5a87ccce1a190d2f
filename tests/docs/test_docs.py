"""The documentation is about this snake."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest

from docs import commands, metrics, status
from docs.directives import PAGE, render
from snake import __version__
from snake.core.modules import Module, load_object
from snake.http.handler import HandlerModule
from snake.http.matcher import MatcherModule
from snake.standard import MODULES
from tests.docs.blocks import PAGES as WRITTEN
from tests.docs.blocks import ROOT

PAGES = [*WRITTEN, PAGE]

LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)")
EXTERNAL = re.compile(r"\]\(([a-z]+:[^)\s]*)\)")
CODE = re.compile(r"^( *`{3,})[^\n]*\n.*?^\1[ ]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def test_reference_is_up_to_date() -> None:
    """docs/directives.md is what `make docs` writes."""
    assert PAGE.read_text() == render()


def test_reference_of_commands_is_up_to_date() -> None:
    """docs/commands.md is what `make docs` writes."""
    assert commands.PAGE.read_text() == commands.render()


@pytest.mark.parametrize("page", [metrics, status])
def test_reference_of_what_is_told_is_up_to_date(page: ModuleType) -> None:
    """docs/metrics.md and docs/status.md are what `make docs` writes."""
    assert page.PAGE.read_text() == page.render()


def test_every_metric_has_a_place() -> None:
    """No metric is left out of docs/metrics.md."""
    text = metrics.PAGE.read_text()

    assert [each.name for each in metrics.known() if f"`{each.name}" not in text] == []


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
    """Every link in a page is to a file that is there, a heading in it, or a whole URL."""
    text = CODE.sub("", page.read_text())
    wrong = []
    for path, anchor in LINK.findall(text):
        there = (page.parent / path).resolve() if path else page
        if there.is_relative_to(ROOT / "docs/json"):
            continue  # the site alone has them, and mkdocs checks them
        if not there.exists() or (anchor and anchor not in anchors(there)):
            wrong.append(f"{path}#{anchor}")

    assert wrong == []
    assert [url for url in EXTERNAL.findall(text) if not urlsplit(url).hostname] == []


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as a repository's page has them."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for title in HEADING.findall(
        re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    ):
        words = re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", title)
        anchor = re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


def test_architecture_names_each_layer() -> None:
    """The table of packages has those that import-linter holds apart, and no others."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (layers,) = (
        each["layers"] for each in settings["tool"]["importlinter"]["contracts"] if "layers" in each
    )
    page = (ROOT / "docs/architecture.md").read_text()
    table = page[page.index("| package |") : page.index("## Processes")]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]

    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {
        name for layer in layers for name in layer.split(" | ")
    }


def test_changelog_knows_the_version() -> None:
    """The changelog has a heading for what the next release holds, or for this version."""
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert "\n## Unreleased\n" in changelog or f"\n## {__version__} " in changelog
