"""skip_log."""

from __future__ import annotations

from tests.directives.adapted import mistake, warnings


def test_it_is_deprecated() -> None:
    """It is told what to write in its place, in Caddy's words."""
    assert warnings("skip_log") == [
        "Caddyfile:2: the 'skip_log' directive is deprecated, please use 'log_skip' instead!"
    ]


def test_wrong_line() -> None:
    """It is read as `log_skip` is, and refused by its own name."""
    assert mistake("skip_log yes") == (2, "yes", "skip_log takes no argument, got yes")
