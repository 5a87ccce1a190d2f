"""Values: what is written for the numbers, sizes and durations of a `python` handler."""

from __future__ import annotations

import re

from snake.core.errors import ConfigError
from snake.core.units import SECOND, UnitError, duration, size

MAX_WORKERS = 256
START_TIMEOUT = 120.0
"""Seconds that an app has to start when nothing else is said."""
FOREVER = frozenset({"-1", "forever", "none", "inf", "indefinite"})
MAX_THREADS = 1000
"""Threads that a WSGI app may ask for."""


def worker_count(text: str) -> int | None:
    """Read `workers`; `None` for the default. Raises `ConfigError`."""
    if not text:
        return None
    if not re.fullmatch(r"\+?[0-9]+", text):
        raise ConfigError(f'invalid workers value "{text}": must be a non-negative integer')
    if len(text.lstrip("+0")) > 3 or int(text) > MAX_WORKERS:  # noqa: PLR2004
        raise ConfigError(f"workers value {text} exceeds maximum of {MAX_WORKERS}")
    return int(text) or None


def start_timeout_seconds(text: str) -> float | None:
    """Read `start_timeout`; `None` for no limit. Raises `ConfigError`."""
    if not text:
        return START_TIMEOUT
    if text.lower() in FOREVER:
        return None
    try:
        limit = duration(text)
    except UnitError as error:
        raise ConfigError(f"invalid start_timeout: {error}") from None
    if limit <= 0:
        raise ConfigError(
            f'start_timeout must be a positive duration, -1, or forever, got "{text}"'
        )
    return limit / SECOND


def thread_count(text: str) -> int:
    """Read `threads`; 0 for the default. Raises `ConfigError`."""
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= MAX_THREADS:
        raise ConfigError(f'threads must be a number from 1 to {MAX_THREADS}, got "{text}"')
    return int(text)


def request_limit(text: str) -> int | None:
    """Read `max_requests`; `None` for no limit. Raises `ConfigError`."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise ConfigError(f'max_requests must be a number, got "{text}"')
    return int(text) or None


def memory_limit(text: str) -> int | None:
    """Read `max_memory` in bytes; `None` for no limit. Raises `ConfigError`."""
    if not text:
        return None
    try:
        limit = size(text)
    except UnitError as error:
        raise ConfigError(f"invalid max_memory: {error}") from None
    if limit <= 0:
        raise ConfigError(f'max_memory must be greater than 0, got "{text}"')
    return limit


def request_timeout_seconds(text: str) -> float | None:
    """Read `request_timeout`; `None` for no limit. Raises `ConfigError`."""
    if not text or text.lower() in FOREVER:
        return None
    try:
        limit = duration(text)
    except UnitError as error:
        raise ConfigError(f"invalid request_timeout: {error}") from None
    if limit <= 0:
        raise ConfigError(f'request_timeout must be a positive duration, got "{text}"')
    return limit / SECOND


def dynamic_limit(text: str) -> int | None:
    """Read `max_dynamic_apps`; `None` for the default. Raises `ConfigError`."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text) or not int(text):
        raise ConfigError(f'invalid max_dynamic_apps: "{text}": must be a number greater than 0')
    return int(text)
