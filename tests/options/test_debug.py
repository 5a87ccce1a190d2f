"""The option debug."""

from __future__ import annotations

from tests.options.adapted import document


def test_default_log_has_the_level_debug() -> None:
    """Everything is logged, by the default log and by those without a level of their own."""
    site = ":80 {\nlog {\noutput stdout\n}\nlog {\noutput stderr\nlevel WARN\n}\n}"

    logs = document("debug", site)["logging"]["logs"]

    assert {name: log["level"] for name, log in logs.items()} == {
        "default": "DEBUG",
        "log0": "DEBUG",
        "log1": "WARN",
    }


def test_what_follows_says_nothing() -> None:
    """Nobody reads what stands behind the word, as in Caddy."""
    assert document("debug off {\nx\n}") == document("debug")
