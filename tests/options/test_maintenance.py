"""The options about the upkeep of certificates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.options.adapted import document, refusal


def tls(options: str) -> Any:
    """Return the `tls` app of a site with these options."""
    return document(options, "a.com {\n}")["apps"].get("tls")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("ocsp_interval 1h", {"automation": {"ocsp_interval": 3600 * 10**9}}),
        ("renew_interval 1m not 2", {"automation": {"renew_interval": 60 * 10**9}}),
        ("storage_clean_interval 1d", {"automation": {"storage_clean_interval": 86400 * 10**9}}),
        ("storage_clean_interval off", {"disable_storage_clean": True}),
        ("storage_clean_interval 0", None),
        ("storage_check off", {"disable_storage_check": True}),
        (
            "ocsp_stapling off",
            {
                "automation": {"policies": [{"disable_ocsp_stapling": True}]},
                "disable_ocsp_stapling": True,
            },
        ),
    ],
)
def test_option_is_a_field_of_the_app(options: str, expected: Any) -> None:
    """Each option sets its field; a duration may be followed by anything, as in Caddy."""
    assert tls(options) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("ocsp_interval", "ocsp_interval takes a duration"),
        ("ocsp_interval often", 'ocsp_interval: invalid duration "often"'),
        ("renew_interval 1", 'renew_interval: invalid duration "1"'),
        ("ocsp_stapling on", "ocsp_stapling: invalid argument 'on'"),
        ("ocsp_stapling", "ocsp_stapling takes one argument, got 0"),
        ("storage_check on", "storage_check must be 'off', got 'on'"),
        ("storage_check off now", "storage_check takes one argument, got 2"),
        ("storage_check {\noff\n}", "storage_check takes no block"),
        ("storage_clean_interval never", 'storage_clean_interval: invalid duration "never"'),
        ("storage_clean_interval 1h 2h", "storage_clean_interval takes one argument, got 2"),
    ],
)
def test_wrong_options_are_refused(options: str, message: str) -> None:
    """Each mistake says what the option takes."""
    assert message in refusal(options)
