"""The options grace_period and shutdown_delay."""

from __future__ import annotations

import pytest

from tests.options.adapted import document, refusal


@pytest.mark.parametrize(
    ("text", "nanoseconds"), [("10s", 10**10), ("1m30s", 9 * 10**10), ("1d", 864 * 10**11)]
)
def test_duration_is_written_in_nanoseconds(text: str, nanoseconds: int) -> None:
    """A duration has a unit, and days are one."""
    assert document(f"grace_period {text}")["apps"]["http"]["grace_period"] == nanoseconds


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("grace_period", "grace_period takes a duration"),
        ("grace_period soon", 'grace_period: invalid duration "soon"'),
        ("grace_period 10", 'invalid duration "10"'),
        ("shutdown_delay", "shutdown_delay takes a duration"),
        ("shutdown_delay {\n5s\n}", "shutdown_delay takes a duration"),
        ("shutdown_delay soon", 'shutdown_delay: invalid duration "soon"'),
    ],
)
def test_wrong_duration_is_refused(options: str, message: str) -> None:
    """What is no duration says how one looks."""
    assert message in refusal(options)


def test_delay_is_written_beside_it() -> None:
    """The delay has a field of its own; what follows a duration says nothing, as in Caddy."""
    app = document("grace_period 1s 2s\nshutdown_delay 1m {\nx\n}")["apps"]["http"]

    assert (app["grace_period"], app["shutdown_delay"]) == (10**9, 60 * 10**9)
