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
        ('admin ""', {"listen": "localhost:2019"}),
        ("admin {\norigins a\norigins b\n}", {"listen": "localhost:2019", "origins": ["b"]}),
        (
            "admin {\nenforce_origin origins a\n}",
            {"listen": "localhost:2019", "enforce_origin": True, "origins": ["a"]},
        ),
        ("admin :2020\nadmin off", {"disabled": True}),
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
        ("admin a b", "admin takes one address, got 2"),
        ("admin off {\n}", "no more option is allowed after turning off"),
        ("admin {\norigns a\n}", 'unrecognized subdirective: origns; did you mean "origins"?'),
        ("admin {\nenforce_origin yes\n}", "unrecognized subdirective: yes"),
        ("admin off x", "no more option is allowed after turning off"),
        ("persist_config on", "persist_config must be 'off'"),
        ("persist_config", "persist_config takes one argument, got 0"),
    ],
)
def test_wrong_admin_is_refused(options: str, message: str) -> None:
    """What cannot be says what was expected."""
    assert message in refusal(options)
