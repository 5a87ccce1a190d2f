"""Ranges of IP addresses that have a name in a Caddyfile."""

from __future__ import annotations

PRIVATE_RANGES = (
    "192.168.0.0/16",
    "172.16.0.0/12",
    "10.0.0.0/8",
    "127.0.0.1/8",
    "fd00::/8",
    "::1",
)
"""What `private_ranges` stands for."""
