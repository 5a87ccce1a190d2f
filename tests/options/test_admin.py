"""The options admin and persist_config."""

from __future__ import annotations

import pytest

from tests.options.adapted import document, refusal


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("admin off", {"disabled": True}),
        ("admin", {"listen": "localhost:2019"}),
        ("admin :2020", {"listen": ":2020"}),
        (
            "admin :2020 {\norigins a b\nenforce_origin\n}",
            {"listen": ":2020", "enforce_origin": True, "origins": ["a", "b"]},
        ),
        ("persist_config off", {"config": {"persist": False}}),
        ("admin off\npersist_config off", {"disabled": True, "config": {"persist": False}}),
    ],
)
def test_admin_endpoint_is_configured(options: str, expected: object) -> None:
    """The options write the `admin` part of the document."""
    assert document(options)["admin"] == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("admin a b", "admin takes one argument, got 2"),
        ("admin off {\n}", "no more option is allowed after turning off"),
        ("admin {\norigns a\n}", 'unrecognized subdirective: origns; did you mean "origins"?'),
        ("admin {\nenforce_origin yes\n}", "enforce_origin takes no argument"),
        ("persist_config on", "persist_config must be 'off'"),
        ("persist_config", "persist_config takes one argument, got 0"),
    ],
)
def test_wrong_admin_is_refused(options: str, message: str) -> None:
    """What cannot be says what was expected."""
    assert message in refusal(options)
