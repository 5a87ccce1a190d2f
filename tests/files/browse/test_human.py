"""Sizes for people."""

from __future__ import annotations

import pytest

from snake.files.browse.human import human_size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (10189, "10 KiB"),
        (10240, "10 KiB"),
        (1_048_575, "1024 KiB"),
        (1_048_576, "1.0 MiB"),
        (5_000_000_000, "4.7 GiB"),
        (2**40, "1.0 TiB"),
        (2**50, "1.0 PiB"),
        (2**63 - 1, "8.0 EiB"),
    ],
)
def test_size_has_two_or_three_digits(size: int, text: str) -> None:
    """Units are powers of 1024, and a digit stands behind the point below 10."""
    assert human_size(size) == text
