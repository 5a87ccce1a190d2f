"""Automation policies of several sites."""

from __future__ import annotations

import time
from typing import Any

import pytest

from snake.adapter.adapt import adapt
from snake.standard import catalogue
from tests.options.adapted import document, refusal


def policies(text: str, options: str = "") -> Any:
    """Return the automation policies that sites make."""
    tls = document(options, text)["apps"].get("tls", {})
    return tls.get("automation", {}).get("policies")


def test_names_that_need_nothing_have_no_policy() -> None:
    """Where automatic HTTPS does the right thing, nothing is written."""
    assert policies("a.com {\n}\nb.localhost {\n}\n10.0.0.1 {\n}") is None


def test_internal_names_beside_public_ones() -> None:
    """Names of one site that different authorities issue for are told apart."""
    assert policies("a.com, b.localhost, 8.8.8.8 {\n}") == [
        {"subjects": ["8.8.8.8", "b.localhost"], "issuers": [{"module": "internal"}]}
    ]


def test_two_wildcards_are_public_on_demand() -> None:
    """The name of a certificate that is obtained during a handshake is not the wildcard."""
    text = "*.*.com, a.localhost {\ntls {\non_demand\n}\n}"

    assert [policy["subjects"] for policy in policies(text)] == [["*.*.com"], ["a.localhost"]]


def test_specific_policies_come_first() -> None:
    """The first policy that has a name applies, so a wildcard comes after the names it covers."""
    text = "*.a.com {\ntls internal\n}\nb.a.com {\ntls me@x.com\n}"

    assert [policy["subjects"] for policy in policies(text)] == [["b.a.com"], ["*.a.com"]]


def test_policy_that_shadows_another_stays() -> None:
    """A name that has no policy of its own would have the one of the wildcard."""
    text = "*.a.com {\ntls internal\n}\nb.a.com {\n}"

    assert policies(text)[0] == {"subjects": ["b.a.com"]}


def test_same_policies_are_one() -> None:
    """Sites that have their certificates in the same way have one policy."""
    text = "a.com {\ntls internal\n}\nb.com {\ntls internal\n}\nc.com {\ntls me@x.com\n}"

    assert [policy["subjects"] for policy in policies(text)] == [["a.com", "b.com"], ["c.com"]]


def test_sites_for_every_host_have_one_policy() -> None:
    """What several sites without a host say adds up."""
    text = ":8443 {\ntls {\non_demand\n}\n}\n:9443 {\ntls {\nkey_type p256\n}\n}"

    assert policies(text) == [{"key_type": "p256", "on_demand": True}]


def test_sites_for_every_host_have_the_same_issuers() -> None:
    """Two sites without a host cannot ask different authorities."""
    text = ":8443 {\ntls internal\n}\n:9443 {\ntls me@x.com\n}"

    assert "is also default/catch-all policy" in refusal("", text)


def test_issuer_of_the_options_is_one() -> None:
    """The address that the first site binds is that of the issuer, for all sites."""
    text = "a.com {\nbind 1.1.1.1\n}\nb.com {\nbind 2.2.2.2\n}"

    assert policies(text, "cert_issuer acme") == [
        {"issuers": [{"challenges": {"bind_host": "1.1.1.1"}, "module": "acme"}]}
    ]


def test_ports_of_challenges() -> None:
    """Challenges arrive at the ports of the options, unless the DNS is asked."""
    [policy] = policies("a.com {\ntls me@x.com\n}", "http_port 81\nhttps_port 444")
    assert policy["issuers"][0]["challenges"] == {
        "http": {"alternate_port": 81},
        "tls-alpn": {"alternate_port": 444},
    }


def test_names_that_no_matcher_shows_are_automated() -> None:
    """A host beside an address for every host is not in a matcher, so it is written down."""
    tls = document("", ":443, a.com, b.localhost, 8.8.8.8 {\n}")["apps"]["tls"]

    assert tls["certificates"] == {"automate": ["8.8.8.8", "a.com", "b.localhost"]}


def test_forced_names_are_automated_whatever_the_options() -> None:
    """`force_automate` asks for the certificate of a name that a wildcard covers."""
    tls = document("auto_https off", "a.com {\ntls force_automate\n}")["apps"]["tls"]

    assert tls["certificates"] == {"automate": ["a.com"]}


def test_options_alone_make_the_app() -> None:
    """A file without a site may still set up the `tls` app."""
    apps = document("key_type p256", "")["apps"]

    assert apps == {"tls": {"automation": {"policies": [{"key_type": "p256"}]}}}


@pytest.mark.slow
def test_two_thousand_policies_take_seconds() -> None:
    """Consolidating grows with the number of policies, and not with its square."""
    text = "".join(
        f"site{number}.com, s{number}.localhost {{\n"
        f"tls me{number}@x.com {{\nalpn h{number}\n}}\n}}\n"
        f":{9000 + number} {{\ntls {{\non_demand\n}}\n}}\n"
        for number in range(2000)
    )
    start = time.perf_counter()

    adapt(text, "Caddyfile", catalogue())

    assert time.perf_counter() - start < 20
