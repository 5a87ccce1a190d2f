"""Environment variables in the text."""

from __future__ import annotations

import pytest

from snake.caddyfile.environment import substitute


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNAKE_SET", "va lue")
    monkeypatch.setenv("SNAKE_EMPTY", "")
    monkeypatch.setenv("SNAKE_OTHER", "{$SNAKE_SET}")
    monkeypatch.setenv("SNAKE_BYTES", "a\udcffb")
    monkeypatch.delenv("SNAKE_UNSET", raising=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {$SNAKE_SET} b", "a va lue b"),
        ("{$SNAKE_UNSET}", ""),
        ("{$SNAKE_UNSET:a b:c}", "a b:c"),
        ("{$SNAKE_EMPTY:default}", ""),
        ("{$SNAKE_OTHER}", "{$SNAKE_SET}"),
        ("{$} {env.X} {$SNAKE_SET", "{$} {env.X} {$SNAKE_SET"),
        ("{$SNAKE_BYTES}", "a\ufffdb"),
    ],
)
def test_variables_are_spliced_in(text: str, expected: str) -> None:
    """A default counts only when the variable is not set, and nothing is replaced twice."""
    assert substitute(text) == expected
