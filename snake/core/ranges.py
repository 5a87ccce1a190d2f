"""Ranges of IP addresses that have a name in a Caddyfile."""

from __future__ import annotations

from collections.abc import Iterable

PRIVATE_RANGES = (
    "192.168.0.0/16",
    "172.16.0.0/12",
    "10.0.0.0/8",
    "127.0.0.1/8",
    "fd00::/8",
    "::1",
)
"""What `private_ranges` stands for."""


def spelled_out(ranges: Iterable[str]) -> tuple[str, ...]:
    """Return the ranges, with all those that `private_ranges` stands for in its place."""
    return tuple(
        each
        for given in ranges
        for each in (PRIVATE_RANGES if given == "private_ranges" else (given,))
    )
