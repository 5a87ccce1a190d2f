"""The table of what ships leads somewhere, and misses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import snake
from snake.core.modules import Module, load_object
from snake.plugin import Directive, MatcherSyntax, Option
from snake.standard import DIRECTIVES, MATCHERS, MODULES, OPTIONS

ROOT = Path(snake.__file__).parent


@pytest.mark.parametrize(("id", "path"), MODULES.items())
def test_module_has_its_id(id: str, path: str) -> None:
    """Every module ID leads to the module that bears it."""
    module = load_object(path)

    assert issubclass(module, Module)
    assert module.id == id


@pytest.mark.parametrize(
    ("kind", "word", "path"),
    [
        *((Directive, *item) for item in DIRECTIVES.items()),
        *((MatcherSyntax, *item) for item in MATCHERS.items()),
        *((Option, *item) for item in OPTIONS.items()),
    ],
)
def test_word_has_its_name(kind: type[Any], word: str, path: str) -> None:
    """Every directive, matcher and option leads to the syntax of that name."""
    found = load_object(path)

    assert isinstance(found, kind)
    assert found.name == word


@pytest.mark.parametrize(
    ("folder", "table"),
    [("directives", DIRECTIVES), ("matchers", MATCHERS), ("options", OPTIONS)],
)
def test_no_file_is_forgotten(folder: str, table: dict[str, str]) -> None:
    """Every file of a folder is in the folder's table."""
    files = {f"snake.{folder}.{path.stem}" for path in (ROOT / folder).glob("[a-z]*.py")}

    assert files == {path.partition(":")[0] for path in table.values()}
