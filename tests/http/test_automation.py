"""Which policy has which certificates, once automatic HTTPS has added what is needed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from snake.core.errors import ConfigError
from tests.http.effective import ACME, INTERNAL, automation_of, made, policies_of, route, server


def test_internal_names_have_the_internal_issuer() -> None:
    """Names that no public authority knows are issued internally, before any other policy."""
    hosts = ("a.com", "localhost", "192.168.1.1", "x.internal", "*.com", "8.8.8.8")
    found = made({"srv0": server(":443", routes=[route(*hosts)])})

    assert policies_of(found) == [
        (("localhost", "192.168.1.1", "x.internal", "*.com", "8.8.8.8"), [INTERNAL]),
        ((), [ACME]),
    ]


def test_a_public_address_goes_where_the_user_says() -> None:
    """Once there are policies, an IP address that is not private has that for all names."""
    found = made(
        {"srv0": server(":443", routes=[route("8.8.8.8")])},
        tls={"automation": {"policies": [{"issuers": [{**ACME, "profile": "shortlived"}]}]}},
    )

    assert policies_of(found) == [((), [{**ACME, "profile": "shortlived"}])]


def test_a_policy_of_internal_names_is_internal() -> None:
    """A policy for internal names only that names no issuer has the internal one."""
    found = made(
        {"srv0": server(":443", routes=[route("localhost")])},
        tls={"automation": {"policies": [{"subjects": ["localhost"], "key_type": "p384"}]}},
    )

    assert policies_of(found) == [(("localhost",), [INTERNAL]), ((), [ACME])]


def test_added_policies_are_as_the_one_for_all() -> None:
    """What was said for all names holds for those that are added, but for who issues."""
    policy = {"key_type": "rsa2048", "issuers": [{**ACME, "ca": "https://ca"}]}
    found = made(
        {"srv0": server(":443", routes=[route("localhost", "a.com")])},
        tls={"automation": {"policies": [policy]}},
    )

    assert policies_of(found) == [
        (("localhost",), [INTERNAL]),
        ((), [{**ACME, "ca": "https://ca"}]),
    ]
    assert [each.key_type for each in automation_of(found)] == ["rsa2048", "rsa2048"]


def test_issuers_know_the_ports() -> None:
    """ACME's issuers are told of other ports, unless they have their own."""
    own = {**ACME, "challenges": {"http": {"alternate_port": 1}, "dns": {"ttl": 1}}}
    found = made(
        {"srv0": server(":8443", routes=[route("a.com")])},
        tls={"automation": {"policies": [{"subjects": ["a.com"], "issuers": [own, INTERNAL]}]}},
        http_port=8080,
        https_port=8443,
    )

    tls_alpn = {"alternate_port": 8443}
    assert policies_of(found) == [
        (
            ("a.com",),
            [
                {
                    **ACME,
                    "challenges": {
                        "http": {"alternate_port": 1},
                        "dns": {"ttl": 1},
                        "tls-alpn": tls_alpn,
                    },
                },
                INTERNAL,
            ],
        ),
        ((), [{**ACME, "challenges": {"http": {"alternate_port": 8080}, "tls-alpn": tls_alpn}}]),
    ]


def test_tailscale_has_its_names() -> None:
    """Names of a tailnet are managed by Tailscale, which a policy of their own asks."""
    found = made({"srv0": server(":443", routes=[route("a.x.ts.net", "a.com")])})

    assert found.names == ("a.com",)
    assert policies_of(found) == [(("a.x.ts.net",), []), ((), [ACME])]
    assert msgspec.json.decode(automation_of(found)[0].get_certificate[0]) == {"via": "tailscale"}


def test_the_more_general_policy_is_last() -> None:
    """A policy that is added stands before those that would be for its names as well."""
    policies = [
        {"subjects": ["b.com", "c.com"], "issuers": [ACME]},
        {"subjects": ["*.localhost"], "issuers": [ACME]},
    ]
    found = made(
        {"srv0": server(":443", routes=[route("x.localhost")])},
        tls={"automation": {"policies": policies}},
    )

    assert [subjects for subjects, _ in policies_of(found)] == [
        *(("b.com", "c.com"), ("x.localhost",), ("*.localhost",), ()),
    ]


def test_automated_names_without_sites() -> None:
    """Names may have certificates where no site is; internal ones by the internal issuer."""
    found = made({}, tls={"certificates": {"automate": ["localhost", "a.com"]}})

    assert found.names == ("localhost", "a.com")
    assert policies_of(found) == [(("localhost",), [INTERNAL]), ((), [ACME])]


@pytest.mark.parametrize(
    ("policies", "message", "path"),
    [
        ([{}, {}], "second policy without subjects", "1"),
        ([{"subjects": ["a.com"]}, {"subjects": ["a.com"]}], "has a policy already", "1/subjects"),
    ],
)
def test_policies_that_would_never_be_used(
    policies: list[dict[str, Any]], message: str, path: str
) -> None:
    """A policy behind another one for the same names is refused."""
    with pytest.raises(ConfigError, match=message) as it:
        made({"srv0": server(":443")}, tls={"automation": {"policies": policies}})

    assert it.value.path == f"apps/tls/automation/policies/{path}"


def test_policies_keep_their_places_in_errors() -> None:
    """A policy that was added does not move the place of one that was written."""
    found = made(
        {"srv0": server(":443", routes=[route("localhost")])},
        tls={"automation": {"policies": [{"subjects": ["a.com"]}, {"issuers": [ACME]}]}},
    )

    place = "apps/tls/automation/policies"
    assert [subjects for subjects, _ in policies_of(found)] == [("a.com",), ("localhost",), ()]
    assert found.original_path(f"{place}/0/key_type") == f"{place}/0/key_type"
    assert found.original_path(f"{place}/2/issuers/0/ca") == f"{place}/1/issuers/0/ca"
