"""What automatic HTTPS adds to a document."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from snake.config.document import Document
from snake.core.errors import ConfigError
from snake.core.modules import decode
from snake.http.autohttps import automatic
from snake.http.redirects import REMAINING
from tests.http.effective import ACME, made, policies_of, route, server, servers_of, shown

URI = "{http.request.uri}"
TO = "https://{http.request.host}"


def test_a_name_is_enough() -> None:
    """A host turns TLS on, has a certificate managed, and is redirected from the HTTP port."""
    found = made({"srv0": server(":443", routes=[route("a.com")])})

    assert found.names == ("a.com",)
    assert servers_of(found)["srv0"].tls_connection_policies
    assert servers_of(found)[REMAINING].listen == (":80",)
    assert shown(servers_of(found)[REMAINING].routes) == [f"a.com {TO}{URI}", f" {TO}{URI}"]
    assert policies_of(found) == [((), [ACME])]


def test_a_redirect_is_permanent_and_closes() -> None:
    """The redirect is for plain HTTP only, has the status 308, and ends the connection."""
    found = made({"srv0": server(":443", routes=[route("a.com")])})

    first = servers_of(found)[REMAINING].routes[0]
    assert msgspec.json.decode(first.match[0]["protocol"]) == "http"
    assert msgspec.json.decode(first.handle[0]) == {
        "handler": "static_response",
        "status_code": 308,
        "headers": {"Location": [f"{TO}{URI}"]},
        "close": True,
    }


def test_the_http_port_alone_is_plain() -> None:
    """A server that listens on the HTTP port alone has no TLS, and nothing is redirected."""
    found = made({"srv0": server(":80", routes=[route("a.com")])})

    assert found.names == ()
    assert not servers_of(found)["srv0"].tls_connection_policies
    assert list(servers_of(found)) == ["srv0"]


def test_another_port_without_a_host_is_plain() -> None:
    """A port that is not for HTTPS has no TLS without a host; the document stays as it is."""
    document = decode(
        msgspec.json.encode({"apps": {"http": {"servers": {"srv0": server(":8080")}}}}), Document
    )

    assert automatic(document).document == document


def test_the_https_port_alone_has_tls() -> None:
    """A server that listens on the HTTPS port alone has TLS, and all hosts are redirected."""
    found = made({"srv0": server(":443")})

    assert servers_of(found)["srv0"].tls_connection_policies
    assert found.names == ()
    assert shown(servers_of(found)[REMAINING].routes) == [f" {TO}{URI}", f" {TO}{URI}"]


def test_no_policies_are_no_tls() -> None:
    """An empty list of connection policies is the word that there is no TLS."""
    found = made({"srv0": server(":443", tls_connection_policies=[])})

    assert servers_of(found)["srv0"].tls_connection_policies == ()


def test_a_port_is_part_of_the_redirect() -> None:
    """A port that no client would try by itself stands in the Location; the app's does not."""
    found = made(
        {
            "srv0": server(":8443", routes=[route("a.com")]),
            "srv1": server(":9999", routes=[route("b.com")]),
        },
        http_port=8080,
        https_port=8443,
    )

    remaining = servers_of(found)[REMAINING]
    assert remaining.listen == (":8080",)
    assert shown(remaining.routes) == [
        f"a.com {TO}{URI}",
        f"b.com {TO}:9999{URI}",
        f" {TO}{URI}",
    ]


def test_the_port_of_https_goes_first() -> None:
    """A host with several ports is redirected to that of HTTPS, or else to the first."""
    found = made(
        {
            "srv0": server(":8443", ":443", routes=[route("a.com")]),
            "srv1": server(":7443", ":9443", routes=[route("b.com")]),
        }
    )

    assert shown(servers_of(found)[REMAINING].routes)[:2] == [
        f"a.com {TO}{URI}",
        f"b.com {TO}:7443{URI}",
    ]


def test_redirects_are_on_the_same_interface() -> None:
    """A site that is bound to addresses is redirected on each of them, and nowhere else."""
    found = made({"srv0": server("10.0.0.1:443", "[::1]:443", routes=[route("a.com")])})

    assert servers_of(found)[REMAINING].listen == ("10.0.0.1:80", "[::1]:80")


@pytest.mark.parametrize(
    ("listen", "redirecting", "location"),
    [
        ("tcp4/:443", ("tcp4/:80",), f"{TO}{URI}"),
        (":8443-8445", (":80",), f"{TO}:8443{URI}"),
        (":443-444", (":80",), f"{TO}{URI}"),
        ("0.0.0.0:443", ("0.0.0.0:80",), f"{TO}{URI}"),
    ],
)
def test_redirects_are_on_the_same_network(
    listen: str, redirecting: tuple[str, ...], location: str
) -> None:
    """Redirects are on the network of their site, and lead to the first of its ports."""
    found = made({"srv0": server(listen, routes=[route("a.com")])})

    remaining = servers_of(found)[REMAINING]
    assert remaining.listen == redirecting
    assert shown(remaining.routes)[0] == f"a.com {location}"


def test_a_unix_socket_is_encrypted_and_not_redirected_to() -> None:
    """A Unix socket has no port, so a name turns TLS on there, and nothing else listens."""
    found = made({"srv0": server("unix//run/a.sock", routes=[route("a.com")])})

    assert list(servers_of(found)) == ["srv0"]
    assert servers_of(found)["srv0"].tls_connection_policies
    assert found.names == ("a.com",)


def test_a_server_for_all_addresses_has_the_redirects_of_one() -> None:
    """Linux has no port twice, once for all addresses: who listens for all redirects for one."""
    found = made(
        {
            "srv0": server("10.0.0.1:443", routes=[route("a.com")]),
            "srv1": server("10.0.0.2:443", routes=[route("b.com")]),
            "srv2": server(":80", routes=[route()]),
        }
    )

    assert shown(servers_of(found)["srv2"].routes) == [
        f"b.com {TO}{URI}",
        f"a.com {TO}{URI}",
        " -",
        f" {TO}{URI}",
    ]
    assert found.original_path("apps/http/servers/srv2/routes/2/handle/0") == (
        "apps/http/servers/srv2/routes/0/handle/0"
    )


def test_redirects_join_a_server() -> None:
    """Where a server has the HTTP port, redirects stand between its hosts and what is for all."""
    found = made(
        {
            "srv0": server(":80", routes=[route("b.com"), route()]),
            "srv1": server(":443", routes=[route("a.com")]),
        }
    )

    assert shown(servers_of(found)["srv0"].routes) == [
        "b.com -",
        f"a.com {TO}{URI}",
        " -",
        f" {TO}{URI}",
    ]
    assert REMAINING not in servers_of(found)
    assert found.original_path("apps/http/servers/srv0/routes/2/handle/0") == (
        "apps/http/servers/srv0/routes/1/handle/0"
    )
    assert found.original_path("apps/http/servers/srv0/routes/0/match/0") == (
        "apps/http/servers/srv0/routes/0/match/0"
    )


def test_a_catch_all_of_the_user_goes_first() -> None:
    """Without names what a server has for all hosts is not behind a redirect."""
    found = made({"srv0": server(":80", routes=[route()]), "srv1": server(":443")})

    assert shown(servers_of(found)["srv0"].routes) == [" -", f" {TO}{URI}"]


def test_exact_hosts_are_redirected_before_wildcards() -> None:
    """A host with a port of its own leads there, though a wildcard elsewhere is for it as well."""
    found = made(
        {
            "srv0": server(":443", routes=[route("*.a.com", "c.com", "*.b.a.com")]),
            "srv1": server(":8443", routes=[route("x.a.com")]),
        }
    )

    assert shown(servers_of(found)[REMAINING].routes) == [
        f"x.a.com {TO}:8443{URI}",
        f"c.com {TO}{URI}",
        f"*.b.a.com {TO}{URI}",
        f"*.a.com {TO}{URI}",
        f" {TO}{URI}",
    ]


def test_an_ipv6_address_is_redirected_in_brackets() -> None:
    """A URL has an IPv6 address in brackets, though Host is compared without."""
    found = made({"srv0": server(":8443", routes=[route("a.com", "::1")])})

    assert shown(servers_of(found)[REMAINING].routes) == [
        f"a.com {TO}:8443{URI}",
        f"::1 https://[::1]:8443{URI}",
        f" {TO}{URI}",
    ]


def test_a_wildcard_covers_its_names() -> None:
    """A name gets no certificate where a wildcard has one, unless it is automated by itself."""
    routes = [route("*.a.com", "x.a.com", "y.a.com", "b.com")]
    found = made(
        {"srv0": server(":443", routes=routes)}, tls={"certificates": {"automate": ["y.a.com"]}}
    )

    assert sorted(found.names) == ["*.a.com", "b.com", "y.a.com"]


@pytest.mark.parametrize(
    ("settings", "names", "has_tls", "redirects"),
    [
        ({}, ("a.com", "b.com"), True, True),
        ({"disable": True}, (), False, False),
        ({"disable_redirects": True}, ("a.com", "b.com"), True, False),
        ({"disable_certificates": True}, (), True, True),
        ({"skip": ["b.com"]}, ("a.com",), True, True),
        ({"skip": ["a.com", "b.com"]}, (), False, False),
        ({"skip_certificates": ["b.com"]}, ("a.com",), True, True),
    ],
    ids=str,
)
def test_settings(
    settings: dict[str, Any], names: tuple[str, ...], *, has_tls: bool, redirects: bool
) -> None:
    """Each part of automatic HTTPS can be left out, for a server or for a name."""
    routes = [route("a.com", "b.com")]
    found = made({"srv0": server(":8443", routes=routes, automatic_https=settings)})

    assert found.names == names
    assert bool(servers_of(found)["srv0"].tls_connection_policies) == has_tls
    assert (REMAINING in servers_of(found)) == redirects


def test_a_loaded_certificate_is_enough() -> None:
    """A name whose certificate is loaded gets no other one, unless that is asked for."""
    routes = [route("a.com", "b.com")]
    kept = made({"srv0": server(":443", routes=routes)}, loaded=("a.com",))
    more = made(
        {
            "srv0": server(
                ":443", routes=routes, automatic_https={"ignore_loaded_certificates": True}
            )
        },
        loaded=("a.com",),
    )

    assert kept.names == ("b.com",)
    assert more.names == ("a.com", "b.com")
    assert more.regardless == {"a.com", "b.com"}


def test_client_certificates_make_a_server_strict() -> None:
    """A server that asks clients for certificates compares SNI and Host, unless told otherwise."""
    policies = [{"client_authentication": {"mode": "require"}}]
    found = made(
        {
            "srv0": server(":443", tls_connection_policies=policies),
            "srv1": server(":444", tls_connection_policies=policies, strict_sni_host=False),
            "srv2": server(":445", tls_connection_policies=[{}]),
        }
    )

    strict = [servers_of(found)[name].strict_sni_host for name in ("srv0", "srv1", "srv2")]
    assert strict == [True, False, None]


def test_placeholders_in_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names may come from the environment; one that only a request knows gets no certificate."""
    monkeypatch.setenv("SITE", "A.com")
    hosts = ("{env.SITE}", "{http.request.host.labels.0}.b.com")
    found = made({"srv0": server(":443", routes=[route(*hosts)])})

    assert found.names == ("a.com",)


def test_an_empty_placeholder_is_refused() -> None:
    """A name of nothing is an error, at its place."""
    with pytest.raises(ConfigError, match=r"evaluated placeholder \{env.NO_SUCH\} is empty") as it:
        made({"srv0": server(":443", routes=[route(), route("{env.NO_SUCH}")])})

    assert it.value.path == "apps/http/servers/srv0/routes/1/match/0/host"


def test_international_names_are_punycode() -> None:
    """A name in any script has its certificate as clients ask for it."""
    found = made({"srv0": server(":443", routes=[route("Bücher.example")])})

    assert found.names == ("xn--bcher-kva.example",)


def test_the_log_of_redirects() -> None:
    """Redirects are logged as a server with TLS says."""
    logs = {"default_logger_name": "log0"}
    found = made({"srv0": server(":443", routes=[route("a.com")], logs=logs)})

    kept = servers_of(found)[REMAINING].logs
    assert kept is not None
    assert kept.default_logger_name == "log0"


def test_a_wildcard_below_a_top_level_domain_is_told_of() -> None:
    """A name that clients would not trust is worth a warning."""
    found = made({"srv0": server(":443", routes=[route("*.com", "*.a.com")])})

    assert [note.fields for note in found.notes] == [{"name": "*.com"}]


@pytest.mark.parametrize(
    ("protocols", "own", "alpn"),
    [
        ((), (), ()),
        (("h1", "h2"), (), ()),
        (("h1",), (), ("http/1.1",)),
        (("h2", "h3"), (), ("h2",)),
        (("h1",), ("h2",), ("acme-tls/1",)),
        (("h1",), ("http/1.1", "x"), ("http/1.1", "x")),
    ],
)
def test_only_what_is_spoken_is_offered(
    protocols: tuple[str, ...], own: tuple[str, ...], alpn: tuple[str, ...]
) -> None:
    """A protocol that a server does not speak is not negotiated by its connections."""
    policies = [{"alpn": own}] if own else [{}]
    found = made({"srv0": server(":443", protocols=protocols, tls_connection_policies=policies)})

    (policy,) = servers_of(found)["srv0"].tls_connection_policies or ()
    assert policy.alpn == alpn
