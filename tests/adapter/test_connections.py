"""Connection policies of several sites on several servers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.options.adapted import document, refusal


def policies(text: str, options: str = "", server: str = "srv0") -> Any:
    """Return the policies of a server."""
    return document(options, text)["apps"]["http"]["servers"][server].get("tls_connection_policies")


def names(text: str) -> list[list[str]]:
    """Return the names that each policy of the first server is for."""
    return [policy.get("match", {}).get("sni", []) for policy in policies(text)]


ASKING = "tls {\nclient_auth {\nmode require\n}\n}"


def test_wildcard_asks_no_other_site_for_certificates() -> None:
    """A site whose name a wildcard covers has a policy before it, the same but for the asking."""
    found = policies(
        f"*.a.com {{\n{ASKING.replace('tls {', 'tls {' + chr(10) + 'alpn h2')}\n}}\nb.a.com {{\n}}"
    )

    assert found == [
        {"match": {"sni": ["b.a.com"]}, "alpn": ["h2"]},
        {
            "match": {"sni": ["*.a.com"]},
            "alpn": ["h2"],
            "client_authentication": {"mode": "require"},
        },
        {},
    ]


def test_site_that_is_not_covered_needs_no_policy() -> None:
    """Only the names that a wildcard covers are spared."""
    assert names(f"*.a.com {{\n{ASKING}\n}}\nb.com {{\n}}") == [["*.a.com"], []]
    assert names(f"a.com {{\n{ASKING}\n}}\nb.com {{\n}}") == [["a.com"], []]


def test_name_is_spared_by_the_first_wildcard_that_covers_it() -> None:
    """Each wildcard spares the names for which it is the first."""
    found = names(f"*.b.a.com {{\n{ASKING}\n}}\n*.*.a.com {{\n{ASKING}\n}}\nc.b.a.com {{\n}}")

    assert found[0] == ["c.b.a.com"]


def test_policies_for_the_same_names_are_one() -> None:
    """Lines of one site add up, unless they contradict each other."""
    text = "a.com {\ntls {\nalpn h2\n}\ntls a.pem a.key\ntls b.pem b.key\n}"

    assert policies(text) == [
        {
            "match": {"sni": ["a.com"]},
            "certificate_selection": {"any_tag": ["cert0", "cert1"]},
            "alpn": ["h2"],
        },
        {},
    ]


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("alpn h2", "alpn h1", "ALPN"),
        ("ciphers TLS_AES_128_GCM_SHA256", "ciphers TLS_AES_256_GCM_SHA384", "cipher suites"),
        ("alpn h2", "client_auth", "client auth configuration"),
        ("curves x25519", "curves secp256r1", "curves"),
        ("protocols tls1.2", "protocols tls1.3", "min protocol"),
        ("protocols tls1.2 tls1.2", "protocols tls1.2 tls1.3", "max protocol"),
    ],
)
def test_contradiction_is_refused(one: str, other: str, message: str) -> None:
    """Two values for one thing, at the line of the second."""
    text = f"a.com {{\ntls {{\n{one}\n}}\ntls {{\n{other}\n}}\n}}"

    assert f"two policies with same match criteria have conflicting {message}" in refusal("", text)


def test_neighbours_that_do_the_same_are_one() -> None:
    """Sites that connect in the same way, one after another, have one policy."""
    same = "tls {\nalpn h2\n}"
    other = "tls {\nalpn h1\n}"

    text = f"aaa.com {{\n{same}\n}}\nbb.com {{\n{same}\n}}\nc.com {{\n{other}\n}}"
    assert names(text) == [["aaa.com", "bb.com"], ["c.com"], []]
    text = f"aaa.com {{\n{same}\n}}\nbb.com {{\n{other}\n}}\nc.com {{\n{same}\n}}"
    assert names(text) == [["aaa.com"], ["bb.com"], ["c.com"], []]


def test_line_is_one_policy_on_all_servers() -> None:
    """Of a site on two servers, both have the names of the second, as in Caddy."""
    text = "a.com, https://b.com:8443 {\ntls {\nalpn h2\n}\n}"

    assert policies(text, server="srv0")[0]["match"] == {"sni": ["b.com"]}
    assert policies(text, server="srv1")[0]["match"] == {"sni": ["b.com"]}


def test_default_name_of_two_lines() -> None:
    """The second line of a site has the empty name twice, as in Caddy."""
    text = "a.com {\ntls {\nalpn h2\n}\ntls {\ncurves x25519\n}\n}"

    found = policies(text, "default_sni a.com")
    assert [policy["match"]["sni"] for policy in found[:2]] == [["", "a.com"], ["", "", "a.com"]]


def test_server_cannot_be_both() -> None:
    """A server with TLS settings speaks no HTTP, and the other way around."""
    assert "is HTTP, but attempts to configure TLS connection policies" in refusal(
        "", "http://a.com {\n}\nhttp://b.com {\ntls {\nalpn h2\n}\n}"
    )
    text = "a.com:8080 {\ntls {\nalpn h2\n}\n}\nhttp://b.com:8080 {\n}"
    assert "is configured for HTTPS and cannot natively multiplex" in refusal("", text)
