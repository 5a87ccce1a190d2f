"""log_append: what it reads and refuses; `differential/test_access_logs.py` has what it logs."""

from __future__ import annotations

import pytest

from tests.directives.adapted import handlers, mistake, refusal, warnings


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("log_append", "log_append takes a field and a value"),
        ("log_append field", "log_append takes a value after the field"),
    ],
)
def test_wrong_lines(lines: str, message: str) -> None:
    """It takes a field and a value."""
    assert mistake(lines) == (2, "log_append", message)


def test_early() -> None:
    """A sign before the name says so, unless it is the name."""
    assert handlers("log_append <a b") == [
        {"handler": "log_append", "key": "a", "value": "b", "early": True}
    ]
    assert handlers("log_append < b") == [{"handler": "log_append", "key": "<", "value": "b"}]


def test_what_is_too_much_is_warned_of() -> None:
    """Caddy passes over it."""
    assert warnings("log_append a b c d {\ne\n}") == [
        "Caddyfile:2: log_append: c and what follows is ignored"
    ]


async def test_wrong_types() -> None:
    """Its fields are typed."""
    error = await refusal({"handler": "log_append", "key": "a", "early": "yes"})

    assert error.path == "handle/0/early"
