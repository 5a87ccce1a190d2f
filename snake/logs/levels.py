"""The severities of a record: the standard library's numbers, Caddy's names."""

from __future__ import annotations

import logging

NAMES = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warn",
    logging.ERROR: "error",
    logging.CRITICAL: "fatal",
}

_NUMBERS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "panic": logging.CRITICAL,
    "fatal": logging.CRITICAL,
}


def name(level: int) -> str:
    """Return the name of a level, also of one between the standard ones."""
    return NAMES.get(level) or NAMES[max(10, min(50, level // 10 * 10))]


def number(text: str) -> int | None:
    """Return the level with this name, as `logs.*.level` writes it; `None` if there is none."""
    return _NUMBERS.get(text.lower() or "info")
