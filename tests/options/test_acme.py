"""The options that all ACME issuers have in common."""

from __future__ import annotations

from typing import Any

import pytest

from tests.options.adapted import document, refusal


def issuers(options: str, tls: str = "") -> Any:
    """Return the issuers of a site with these options."""
    apps = document(options, f"a.com {{\n{tls}\n}}")["apps"]
    return apps["tls"]["automation"]["policies"][0]["issuers"]


def test_what_an_issuer_says_itself_stays() -> None:
    """An option is for the issuers that do not say the same."""
    found = issuers("email all@x.com", "tls own@x.com")

    assert [issuer["email"] for issuer in found] == ["own@x.com", "own@x.com"]


def test_email_alone_changes_nothing_without_a_policy() -> None:
    """Names that are got as always need no policy, so there is none."""
    assert "tls" not in document("email all@x.com", "a.localhost {\n}")["apps"]


def test_own_authority_is_asked_alone() -> None:
    """With `acme_ca`, nobody else is asked."""
    assert issuers("email me@x.com\nacme_ca https://ca") == [
        {"ca": "https://ca", "email": "me@x.com", "module": "acme"}
    ]


def test_account_has_both_fields() -> None:
    """The fields of an account are written also when they are empty."""
    assert issuers("acme_eab {\nkey_id some\n}")[0]["external_account"] == {
        "key_id": "some",
        "mac_key": "",
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("email", "email takes one argument, got 0"),
        ("email a b", "email takes one argument, got 2"),
        ("email {\na\n}", "email takes no block"),
        ("acme_ca a b", "acme_ca takes one argument, got 2"),
        ("acme_ca_root", "acme_ca_root takes one argument, got 0"),
        ("acme_eab a b", "acme_eab takes a block, got a"),
        ("acme_eab {\nkeyid a\n}", 'unrecognized subdirective: keyid; did you mean "key_id"?'),
        ("acme_eab {\nmac_key\n}", "mac_key takes an argument"),
        ("acme_dns route53", "module not registered: dns.providers.route53"),
        ("acme_dns", "acme_dns specified without DNS provider config"),
        ("cert_lifetime", "cert_lifetime takes a duration"),
        ("cert_lifetime soon", 'cert_lifetime: invalid duration "soon"'),
        ("preferred_chains", "preferred_chains takes 'smallest' or a block"),
        ("preferred_chains shortest", "preferred_chains: 'shortest' is not 'smallest'"),
        ("preferred_chains smallest largest", "preferred_chains takes one argument, got 2"),
        ("preferred_chains smallest {\nany_common_name a\n}", "takes no more options with"),
        ("preferred_chains {\nany_common_name\n}", "any_common_name takes names"),
        ("preferred_chains {\ncommon_name a\n}", "unrecognized subdirective: common_name"),
        (
            "preferred_chains {\nany_common_name a\nroot_common_name b\n}",
            "root_common_name and any_common_name exclude each other",
        ),
    ],
)
def test_wrong_options_are_refused(options: str, message: str) -> None:
    """Each mistake says what the option takes."""
    assert message in refusal(options)
