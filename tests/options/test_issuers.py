"""The options that say who issues, and with what keys."""

from __future__ import annotations

import pytest

from tests.options.adapted import document, refusal


def test_issuers_add_up() -> None:
    """Several issuers are asked in the order written."""
    site = "a.com {\n}"
    apps = document("cert_issuer internal\ncert_issuer zerossl key", site)["apps"]
    [policy] = apps["tls"]["automation"]["policies"]

    assert [issuer["module"] for issuer in policy["issuers"]] == ["internal", "zerossl"]


def test_local_certificates_are_for_public_names() -> None:
    """All names have internal certificates, and one policy says so."""
    apps = document("local_certs", "a.com {\n}\nb.localhost {\n}")["apps"]

    assert apps["tls"]["automation"]["policies"] == [{"issuers": [{"module": "internal"}]}]


def test_flags_take_anything() -> None:
    """What follows a flag means nothing, as in Caddy."""
    assert document("local_certs on {\nx\n}", ":80 {\n}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("cert_issuer", "cert_issuer takes the name of a module"),
        ("cert_issuer amce", 'module not registered: tls.issuance.amce; did you mean "acme"?'),
        ("key_type", "key_type takes one argument, got 0"),
        ("key_type a b", "key_type takes one argument, got 2"),
        ("key_type {\na\n}", "key_type takes no block"),
        ("renewal_window_ratio", "renewal_window_ratio takes one argument, got 0"),
        ("renewal_window_ratio 2", "must be between 0 and 1 (exclusive), got '2'"),
        ("renewal_window_ratio x", "parsing renewal_window_ratio"),
        ("renewal_window_ratio nan", "renewal_window_ratio must be a number"),
        ("local_certs\ncert_issuer acme", "global options are ambiguous: local_certs"),
    ],
)
def test_wrong_options_are_refused(options: str, message: str) -> None:
    """Each mistake says what the option takes."""
    assert message in refusal(options)
