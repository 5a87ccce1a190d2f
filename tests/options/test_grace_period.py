"""The option grace_period."""

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
        ("grace_period", "grace_period takes one argument, got 0"),
        ("grace_period soon", 'grace_period: invalid duration "soon"'),
        ("grace_period 10", 'invalid duration "10"'),
    ],
)
def test_wrong_duration_is_refused(options: str, message: str) -> None:
    """What is no duration says how one looks."""
    assert message in refusal(options)
