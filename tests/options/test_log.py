"""The option log."""

from __future__ import annotations

from typing import Any

import pytest

from tests.options.adapted import document, refusal

SITE = "http://a.test {\n log access {\n level WARN\n }\n}"


def _logs(options: str, site: str = ":80 {\n}") -> Any:
    return document(options, site)["logging"]["logs"]


def test_without_a_name_it_is_the_default_log() -> None:
    """`log` is the default log, `log <name>` one more."""
    logs = _logs("log {\n level ERROR\n}\nlog more {\n include http tls\n include admin\n}")

    assert logs["default"] == {
        "level": "ERROR",
        "exclude": ["admin", "http", "tls"],
    }
    assert logs["more"] == {"include": ["http", "tls", "admin"]}


def test_a_log_without_settings_is_not_there() -> None:
    """It takes the name, and there is nothing to write of it."""
    assert "logging" not in document("log\nlog more")


def test_site_logs_come_after() -> None:
    """A site's log of the same name has its own settings; of the default log the option's count."""
    logs = _logs(
        "log access {\n output stdout\n}\nlog {\n exclude z a\n}",
        f"{SITE}\nhttp://b.test {{\n log default {{\n output stderr\n }}\n}}",
    )

    assert logs["access"] == {"level": "WARN", "include": ["http.log.access.access"]}
    assert logs["default"] == {"exclude": ["a", "http.log.access.access", "z"]}


def test_debug_is_the_level_of_logs_without_one() -> None:
    """A level that is given stays, and a default log without settings stays absent."""
    assert _logs("debug\nlog {\n format json\n}")["default"]["level"] == "DEBUG"
    assert _logs("log {\n level WARN\n}\ndebug")["default"]["level"] == "WARN"
    assert "logging" not in document("debug\nlog")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("log a b", "log takes one name at most, got b"),
        ("log\nlog default", "duplicate global log option for: default"),
        ("log a {\n level INFO\n}\nlog a", "duplicate global log option for: a"),
        ("log {\n hostnames a.test\n}", "hostnames is not allowed in the global option log"),
        ("log {\n lvel INFO\n}", 'unrecognized subdirective: lvel; did you mean "level"?'),
        ("log {\n include a {\n }\n}", "include takes no block"),
    ],
)
def test_wrong_log_is_refused(options: str, message: str) -> None:
    """What cannot be is refused by name."""
    assert message in refusal(options)
