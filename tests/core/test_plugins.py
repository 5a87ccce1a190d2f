"""core.plugins."""

from __future__ import annotations

import importlib.metadata

import pytest

from snake.core.plugins import Table


def entry_points(*, group: str) -> tuple[importlib.metadata.EntryPoint, ...]:
    """Offer two names, one of which is taken."""
    names = ("ours", "theirs")
    return tuple(importlib.metadata.EntryPoint(name, f"pkg:{name}", group) for name in names)


def test_a_standard_name_needs_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ships is found without asking what is installed."""
    monkeypatch.delattr(importlib.metadata, "entry_points")

    assert Table({"ours": "snake:x"}, "group")["ours"] == "snake:x"


def test_a_plugin_adds_and_never_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package may add a name; one that snake has stays snake's."""
    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    table = Table({"ours": "snake:x"}, "group")

    assert dict(table) == {"ours": "snake:x", "theirs": "pkg:theirs"}
    assert "nobodys" not in table


def test_without_a_group_nothing_is_added() -> None:
    """A table of its own knows no packages."""
    assert dict(Table({"ours": "snake:x"})) == {"ours": "snake:x"}
