"""The option auto_https."""

from __future__ import annotations

import pytest

from tests.options.adapted import document, refusal


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("auto_https off", {"disable": True}),
        ("auto_https off {\nx\n}", {"disable": True}),
        ("auto_https off\nauto_https disable_redirects", {"disable_redirects": True}),
        ("auto_https disable_redirects", {"disable_redirects": True}),
        (
            "auto_https disable_certs ignore_loaded_certs",
            {"disable_certificates": True, "ignore_loaded_certificates": True},
        ),
    ],
)
def test_modes_are_written_into_every_server(options: str, expected: object) -> None:
    """Each mode has its field in the server's `automatic_https`."""
    servers = document(options, "a.com {\n}\nb.com:81 {\n}")["apps"]["http"]["servers"]

    assert [server["automatic_https"] for server in servers.values()] == [expected, expected]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("auto_https", "auto_https takes one or more modes"),
        ("auto_https of", "unknown auto_https mode 'of'; did you mean \"off\"?"),
    ],
)
def test_wrong_mode_is_refused(options: str, message: str) -> None:
    """An unknown mode names the near one, and all there are."""
    assert message in refusal(options)
