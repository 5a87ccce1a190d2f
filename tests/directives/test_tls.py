"""The directive tls: what its lines say, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snake.adapter.adapt import adapt
from snake.caddyfile.errors import CaddyfileError
from snake.config.document import encode
from snake.standard import catalogue
from tests import caddy
from tests.options.adapted import document, refusal


@pytest.fixture(scope="module")
def oracle() -> Iterator[caddy.Adapter]:
    """Return a running Caddy."""
    with caddy.adapter() as running:
        yield running


def site(*lines: str, head: str = "tls") -> Any:
    """Return the JSON of a site with these lines in the block of its `tls`."""
    block = "\n".join(lines)
    return document("", f"a.com {{\n{head} {{\n{block}\n}}\n}}")["apps"]


def policy(*lines: str) -> Any:
    """Return the first connection policy of such a site."""
    return site(*lines)["http"]["servers"]["srv0"]["tls_connection_policies"][0]


def issuers(*lines: str) -> Any:
    """Return the issuers of such a site."""
    return site(*lines)["tls"]["automation"]["policies"][0]["issuers"]


def error(oracle: caddy.Adapter, *lines: str, head: str = "tls") -> CaddyfileError:
    """Return what such a site is refused with, by Caddy as well."""
    block = "\n".join(lines)
    text = f"a.com {{\n{head} {{\n{block}\n}}\n}}"
    assert oracle.adapt(text).refused
    with pytest.raises(CaddyfileError) as raised:
        adapt(text, "Caddyfile", catalogue())
    return raised.value


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("tls", "tls takes arguments or a block"),
        ("tls interal", "must be 'internal', 'force_automate' or an email address, got 'interal'"),
        ("tls a.pem", "must be 'internal', 'force_automate' or an email address, got 'a.pem'"),
        ("tls a.pem a.key more", "tls takes at most two arguments, got 3"),
    ],
)
def test_arguments_are_refused(oracle: caddy.Adapter, head: str, message: str) -> None:
    """A line has one word of a few, an email address, or two files; or a block."""
    text = f"a.com {{\n{head}\n}}"

    assert oracle.adapt(text).refused
    assert message in refusal("", text)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("protocol tls1.2", 'unrecognized subdirective: protocol; did you mean "protocols"?'),
        ("protocols", "protocols takes one or two versions"),
        ("protocols tls1.1", "protocol name or protocol not supported: 'tls1.1'"),
        ("protocols tls1.2 tls1.4", "protocol name or protocol not supported: 'tls1.4'"),
        (
            "ciphers TLS_AES_128_GCM_SHA265",
            "not supported: 'TLS_AES_128_GCM_SHA265'; did you mean \"TLS_AES_128_GCM_SHA256\"?",
        ),
        ("curves x25159", "wrong curve name or curve not supported: 'x25159'; did you mean"),
        ("alpn", "alpn takes protocols"),
        ("insecure_secrets_log", "insecure_secrets_log takes a file"),
        ("insecure_secrets_log /x /y", "unrecognized subdirective: /y"),
        ("issuer", "issuer takes the name of a module"),
        ("issuer amce", 'module not registered: tls.issuance.amce; did you mean "acme"?'),
        ("get_certificate", "get_certificate takes the name of a module"),
        ("get_certificate https x", "module not registered: tls.get_certificate.https"),
        ("on_demand now", "on_demand takes no argument, got now"),
        ("on_demand {\nask x\n}", "on_demand takes no block"),
        ("reuse_private_keys yes", "reuse_private_keys takes no argument, got yes"),
        ("key_type", "key_type takes a type of key, got 0"),
        ("key_type rsa 2048", "key_type takes a type of key, got 2"),
        ("renewal_window_ratio", "renewal_window_ratio takes a ratio, got 0"),
        ("renewal_window_ratio half", 'parsing renewal_window_ratio: "half" is no number'),
        ("renewal_window_ratio 1", "must be between 0 and 1 (exclusive), got '1'"),
        ("renewal_window_ratio 0", "must be between 0 and 1 (exclusive), got '0'"),
        ("ca", "ca takes the URL of a directory, got 0"),
        ("ca_root a b", "ca_root takes a PEM file, got 2"),
        ("eab id", "eab takes a key ID and a MAC key, got 1"),
        ("dns", "dns takes a provider, unless the option 'dns' sets one"),
        ("dns route53 token", "module not registered: dns.providers.route53"),
        ("resolvers", "resolvers takes addresses"),
        ("resolvers 9.9.9.9", "setting DNS challenge options [resolvers] requires a DNS provider"),
        ("propagation_delay", "propagation_delay takes a duration, got 0"),
        ("propagation_delay -1", 'propagation_delay: invalid duration "-1"'),
        ("propagation_timeout -2", 'propagation_timeout: invalid duration "-2"'),
        ("propagation_timeout -1", "options [propagation_timeout] requires a DNS provider"),
        ("dns_ttl soon", 'dns_ttl: invalid duration "soon"'),
        ("dns_challenge_override_domain", "dns_challenge_override_domain takes a domain, got 0"),
        (
            "issuer internal\nca https://x",
            "cannot mix issuer subdirective (explicit issuers) with other issuer-specific",
        ),
        ("client_auth {\nmod x\n}", 'unrecognized subdirective: mod; did you mean "mode"?'),
        ("client_auth {\nmode\n}", "mode takes one mode, got 0"),
        ("client_auth {\nmode a b\n}", "mode takes one mode, got 2"),
        ("client_auth {\ntrust_pool\n}", "trust_pool takes the name of a module"),
        ("client_auth {\ntrust_pool fil x\n}", "module not registered: tls.ca_pool.source.fil"),
        ("client_auth {\nverifier leave\n}", "tls.client_auth.verifier.leave; did you mean"),
        ("client_auth {\ntrusted_ca_cert\n}", "trusted_ca_cert takes a certificate"),
        ("client_auth {\ntrusted_leaf_cert_file\n}", "takes the name of a file"),
        ("client_auth {\ntrusted_ca_cert a\ntrust_pool system\n}", "cannot specify both"),
        ("client_auth {\ntrust_pool system\ntrusted_ca_cert a\n}", "cannot specify both"),
        ("client_auth {\ntrusted_ca_cert_file /no/such\n}", "No such file or directory"),
    ],
)
def test_subdirectives_are_refused(oracle: caddy.Adapter, line: str, message: str) -> None:
    """Each mistake says what the line takes, and the nearest word that there is."""
    assert message in str(error(oracle, line))


def test_internal_and_acme_exclude_each_other(oracle: caddy.Adapter) -> None:
    """One line asks for one kind of issuer."""
    assert "cannot create both ACME and internal certificate issuers" in str(
        error(oracle, "ca https://x", head="tls internal")
    )
    assert "cannot mix issuer subdirective" in str(
        error(oracle, "issuer acme", head="tls internal")
    )


def test_error_is_under_the_word(oracle: caddy.Adapter) -> None:
    """The caret is under the word that is wrong."""
    wrong = error(oracle, "alpn h2", "protocols tls1.2 tls9")

    assert wrong.line == 4
    assert "^^^^" in str(wrong)


def test_form_is_that_of_the_module(oracle: caddy.Adapter) -> None:
    """What was expected inside of an issuer is what the issuer's manual says, not the site's."""
    assert "expected: ca <authority_id>" in str(error(oracle, "issuer internal {\nca\n}"))


def test_place_is_a_site() -> None:
    """The directive stands directly in a site."""
    text = "a.com {\nhandle {\ntls internal\n}\n}"
    assert "tls can only stand directly in a site" in refusal("", text)


def test_connection_policy_is_for_the_sites_hosts() -> None:
    """What is said of connections goes for the hosts of the site, and for no others."""
    policies = site("alpn h2")["http"]["servers"]["srv0"]["tls_connection_policies"]

    assert policies == [{"match": {"sni": ["a.com"]}, "alpn": ["h2"]}, {}]


def test_lists_add_up_and_others_are_replaced() -> None:
    """Cipher suites and curves add up; of other repeated lines the last counts."""
    found = policy("curves x25519", "curves secp256r1", "alpn h2", "alpn http/1.1")

    assert found["curves"] == ["x25519", "secp256r1"]
    assert found["alpn"] == ["http/1.1"]


def test_certificate_has_a_tag() -> None:
    """A site with a certificate of its own chooses that one among several for its name."""
    found = document("", "a.com {\ntls a.pem a.key\n}\nb.com {\ntls b.pem b.key\n}")["apps"]

    assert found["tls"]["certificates"]["load_files"] == [
        {"certificate": "a.pem", "key": "a.key", "tags": ["cert0"]},
        {"certificate": "b.pem", "key": "b.key", "tags": ["cert1"]},
    ]
    policies = found["http"]["servers"]["srv0"]["tls_connection_policies"]
    assert policies[0]["certificate_selection"] == {"any_tag": ["cert0"]}


def test_certificate_is_loaded_once() -> None:
    """A file that two sites name is loaded once, and has one tag."""
    found = document("", "a.com {\ntls a.pem a.key\n}\nb.com {\ntls a.pem a.key\n}")["apps"]

    assert len(found["tls"]["certificates"]["load_files"]) == 1
    policies = found["http"]["servers"]["srv0"]["tls_connection_policies"]
    assert policies[0]["match"] == {"sni": ["a.com", "b.com"]}


def test_email_asks_two_authorities() -> None:
    """With an email there is a second authority, that needs one."""
    found = document("", "a.com {\ntls me@x.com\n}")["apps"]["tls"]["automation"]

    assert found["policies"][0]["issuers"] == [
        {"email": "me@x.com", "module": "acme"},
        {"ca": "https://acme.zerossl.com/v2/DV90", "email": "me@x.com", "module": "acme"},
    ]


def test_own_directory_is_asked_alone() -> None:
    """With a directory of its own, a site asks no other authority."""
    assert issuers("ca https://ca/dir") == [{"ca": "https://ca/dir", "module": "acme"}]


def test_files_of_certificates_are_read(tmp_path: Path) -> None:
    """Certificates in PEM files stand in the JSON, as DER in base64."""
    file = tmp_path / "ca.pem"
    file.write_text(
        "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n"
        "-----BEGIN CERTIFICATE-----\nAwQF\n-----END CERTIFICATE-----\n"
    )
    found = policy(
        f"client_auth {{\ntrusted_ca_cert_file {file}\ntrusted_leaf_cert_file {file}\n}}"
    )["client_authentication"]

    assert found["ca"] == {"provider": "inline", "trusted_ca_certs": ["AAEC", "AwQF"]}
    assert found["trusted_leaf_certs"] == ["AAEC", "AwQF"]


def test_old_words_are_warned_of() -> None:
    """The words that `trust_pool` has replaced still work, with a warning."""
    text = "a.com {\ntls {\nclient_auth {\ntrusted_ca_cert AAEC\n}\n}\n}"
    adapted, warnings = adapt(text, "Caddyfile", catalogue())

    assert "trusted_ca_certs" in json.dumps(json.loads(encode(adapted)))
    assert [(warning.line, warning.message) for warning in warnings if warning.line == 4] == [
        (4, "The 'trusted_ca_cert' field is deprecated. Use the 'trust_pool' field instead.")
    ]


def test_ratio_that_is_no_number_is_none() -> None:
    """Caddy takes `nan`, and leaves the default."""
    assert issuers("renewal_window_ratio nan", "ca https://x")
    assert "renewal_window_ratio" not in json.dumps(site("renewal_window_ratio nan", "ca x"))
