"""basicauth."""

from __future__ import annotations

from tests.directives.adapted import mistake, warnings


def test_it_is_deprecated() -> None:
    """It is told what to write in its place, in Caddy's words."""
    assert warnings("basicauth {\nbob hash\n}") == [
        "Caddyfile:2: the 'basicauth' directive is deprecated, please use 'basic_auth' instead!"
    ]


def test_wrong_line() -> None:
    """It is read as `basic_auth` is, and refused by its own name."""
    line, word, _ = mistake("basicauth bcrypt realm too")

    assert (line, word) == (2, "too")
