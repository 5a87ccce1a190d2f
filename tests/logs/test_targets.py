"""Which log takes which logger."""

from __future__ import annotations

import logging

import pytest

from snake.logs.encoders import JSONLines
from snake.logs.targets import Target
from snake.logs.writers import Writer


@pytest.mark.parametrize(
    ("include", "exclude", "logger", "taken"),
    [
        ((), (), "", True),
        ((), (), "http", True),
        (("http",), (), "http.log", True),
        (("http",), (), "http", True),
        (("http",), (), "httpd", False),
        (("http",), (), "", False),
        ((), ("http.log.access",), "http.log.access.log0", False),
        ((), ("http.log.access",), "http.log.error", True),
        (("http",), ("http.log",), "http.log.access", False),
        (("http.log.access",), ("http.log",), "http.log.access", True),
    ],
)
def test_the_longest_name_decides(
    include: tuple[str, ...], exclude: tuple[str, ...], logger: str, *, taken: bool
) -> None:
    """`include` and `exclude` cover whole names, and the longer one wins, as in Caddy."""
    target = Target(logging.INFO, JSONLines(), Writer(2), include, exclude)
    assert target.takes(logger) is taken
