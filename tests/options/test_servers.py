"""The option servers."""

from __future__ import annotations

from typing import Any

import pytest

from snake.adapter.adapt import adapt
from snake.standard import catalogue
from tests.options.adapted import document, refusal

TWO = ":80 {\n}\n:81 {\n}"


def server(options: str, site: str = ":80 {\n}") -> Any:
    """Return the one server that these options are for."""
    (found,) = document(f"servers {{\n{options}\n}}", site)["apps"]["http"]["servers"].values()
    return found


def servers(options: str, sites: str = TWO) -> Any:
    """Return the servers by name."""
    return document(options, sites)["apps"]["http"]["servers"]


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ("timeouts {\nread_body 5s\n}", {"read_timeout": 5 * 10**9}),
        ("timeouts {\nread_header 5s\n}", {"read_header_timeout": 5 * 10**9}),
        (
            "timeouts {\nread_body_idle 5s 100\n}",
            {"read_idle_timeout": 5 * 10**9, "read_min_rate": 100},
        ),
        ("timeouts {\nwrite 5s\n}", {"write_timeout": 5 * 10**9}),
        ("timeouts {\nwrite_idle 5s\n}", {"write_idle_timeout": 5 * 10**9}),
        ("timeouts {\nwrite_max_chunk 1KiB\n}", {"max_write_chunk": 1024}),
        ("timeouts {\nidle 5s\n}", {"idle_timeout": 5 * 10**9}),
        ("keepalive_interval 5s", {"keepalive_interval": 5 * 10**9}),
        ("keepalive_idle 5s", {"keepalive_idle": 5 * 10**9}),
        ("keepalive_count 5", {"keepalive_count": 5}),
        ("max_header_size 10KB", {"max_header_bytes": 10_000}),
        ("max_header_size 15EiB", {"max_header_bytes": -(2**60)}),
        ("enable_full_duplex", {"enable_full_duplex": True}),
        ("expected_underscore_headers a_b c_d", {"expected_underscore_headers": ["a_b", "c_d"]}),
        ("expected_dot_headers a.b", {"expected_dot_headers": ["a.b"]}),
        ("log_credentials", {"logs": {"should_log_credentials": True}}),
        ("trace", {"logs": {"trace": True}}),
        ("protocols h1 h3", {"protocols": ["h1", "h3"]}),
        ("protocols", {}),
        ("strict_sni_host", {"strict_sni_host": True}),
        ("strict_sni_host on", {"strict_sni_host": True}),
        ("strict_sni_host insecure_off", {"strict_sni_host": False}),
        ("trusted_proxies_strict", {"trusted_proxies_strict": 1}),
        ("trusted_proxies_unix", {"trusted_proxies_unix": True}),
        ("client_ip_headers A B", {"client_ip_headers": ["A", "B"]}),
        ("0rtt off", {"allow_0rtt": False}),
        ("packet_conn_wrappers", {}),
    ],
)
def test_each_has_its_field(options: str, fields: dict[str, Any]) -> None:
    """Every line writes a field of the server, and nothing else."""
    assert server(options) == {"listen": [":80"], **fields}


def test_trusted_proxies_are_a_module() -> None:
    """The source is named, and `private_ranges` stands for the networks that are not public."""
    found = server("trusted_proxies static 203.0.113.0/24 private_ranges")["trusted_proxies"]

    assert found["source"] == "static"
    assert found["ranges"][:2] == ["203.0.113.0/24", "192.168.0.0/16"]
    assert len(found["ranges"]) == 7


def test_wrappers_are_modules_in_the_order_written() -> None:
    """Those of several blocks add up; what they say nothing of is not read."""
    found = server(
        "listener_wrappers {\nproxy_protocol {\nallow a b\nallow c\n}\nhttp_redirect x {\ny\n}\n}\n"
        "listener_wrappers {\ntls\n}"
    )
    assert found["listener_wrappers"] == [
        {"wrapper": "proxy_protocol", "allow": ["a", "b", "c"]},
        {"wrapper": "http_redirect"},
        {"wrapper": "tls"},
    ]


def test_policy_of_the_proxy_protocol_has_any_case() -> None:
    """It is written in capitals, and left out when it is the usual one."""
    found = server(
        "listener_wrappers {\nproxy_protocol {\nfallback_policy require\n}\n"
        "proxy_protocol {\nfallback_policy ignore\n}\n}"
    )
    assert found["listener_wrappers"] == [
        {"wrapper": "proxy_protocol", "fallback_policy": "REQUIRE"},
        {"wrapper": "proxy_protocol"},
    ]


def test_words_that_are_not_taken_begin_another_line() -> None:
    """Caddy reads words and not lines: so a line can hold several settings."""
    assert server("keepalive_count 5 trace\nkeepalive_idle 1s keepalive_idle 2s") == {
        "listen": [":80"],
        "keepalive_count": 5,
        "keepalive_idle": 2 * 10**9,
        "logs": {"trace": True},
    }


def test_address_chooses_the_servers() -> None:
    """Those that listen on exactly this address; the others have the options without one."""
    found = servers(
        "servers {\nkeepalive_count 1\n}\nservers :81 {\nkeepalive_count 2\n}\n"
        "servers localhost:80 {\nkeepalive_count 3\n}"
    )
    assert [each["keepalive_count"] for each in found.values()] == [1, 2]


def test_longest_address_counts() -> None:
    """A server with several addresses has the options of the longest one."""
    found = servers(
        "servers :80 {\nkeepalive_count 1\n}\nservers 127.0.0.1:80 {\nkeepalive_count 2\n}\n"
        "servers ::1 {\nkeepalive_count 3\n}",
        ":80 {\nbind 127.0.0.1 ::1 ::\n}",
    )
    assert found["srv0"]["keepalive_count"] == 2


def test_server_may_be_given_a_name() -> None:
    """It is called so in the document; others keep their numbers."""
    assert list(servers("servers :80 {\nname web\n}")) == ["srv1", "web"]
    assert list(servers('servers :80 {\nname ""\n}')) == ["srv0", "srv1"]


def test_logs_of_a_server_stay() -> None:
    """Credentials and traces go into the logs that a server has already."""
    site = ":80 {\nlog x {\noutput stdout\n}\n}"
    assert server("log_credentials\ntrace", site)["logs"] == {
        "default_logger_name": "x",
        "should_log_credentials": True,
        "trace": True,
    }


def test_metrics_go_to_the_app() -> None:
    """Those of one server are those of all; other figures than those of hosts are lost."""
    app = document("servers :80 {\nmetrics {\nper_host\n}\n}\nmetrics {\notlp\n}", TWO)["apps"]
    assert app["http"]["metrics"] == {"per_host": True}
    assert "metrics" not in app["http"]["servers"]["srv0"]


def test_metrics_of_a_server_are_deprecated() -> None:
    """Each such line is warned of."""
    text = "{\n\tservers {\n\t\tmetrics\n\t}\n}\n"
    _, warnings = adapt(text, "Caddyfile", catalogue())
    (told,) = [str(warning) for warning in warnings]
    assert told.startswith("Caddyfile:3: The nested 'metrics' option inside `servers`")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("name web", "cannot set a name for a server without a listener address"),
        ("keepalive_count", "keepalive_count takes a number"),
        ("keepalive_count x", 'keepalive_count: "x" is no whole number'),
        ("keepalive_count 1e3", "is no whole number"),
        ("keepalive_idle", "keepalive_idle takes a duration"),
        ("keepalive_interval 5", 'keepalive_interval: invalid duration "5"'),
        ("max_header_size", "max_header_size takes one size, got 0"),
        ("max_header_size 1 2", "max_header_size takes one size, got 2"),
        ("max_header_size x", 'max_header_size: invalid size "x"'),
        ("enable_full_duplex on", "enable_full_duplex takes no argument, got on"),
        ("trace off", "trace takes no argument, got off"),
        ("expected_underscore_headers", "takes the names of header fields"),
        ("protocols h1 h5", "unknown protocol 'h5'"),
        ("protocols h1 h1", "protocols: 'h1' is given twice"),
        ("client_ip_headers A\nclient_ip_headers A", "client_ip_headers: 'A' is given twice"),
        ("client_ip_headers A {\nB\n}", "client_ip_headers takes no block"),
        ("strict_sni_host of", "only supports 'on' or 'insecure_off', got 'of'"),
        ("trusted_proxies", "expects an IP range source module name"),
        ("trusted_proxies statik", 'http.ip_sources.statik; did you mean "static"?'),
        ("0rtt", "0rtt takes 'off'"),
        ("0rtt on", "unsupported 0rtt argument 'on' (only 'off' is supported)"),
        ("timeouts {\nread_body_idle\n}", "takes a duration, and perhaps a number of bytes"),
        ("timeouts {\nwrite_idle 1s 2 3\n}", "takes a duration, and perhaps a number of bytes"),
        ("timeouts {\nwrite_idle 1s x\n}", 'write_idle: "x" is no whole number'),
        ("timeouts {\nwrite x\n}", 'write: invalid duration "x"'),
        ("timeouts {\nwriting 1s\n}", "timeouts: unrecognized subdirective: writing"),
        ("timeouts 1s", "servers: unrecognized subdirective: 1s"),
        ("metrics {\nper_hosts\n}", 'did you mean "per_host"?'),
        ("listener_wrappers {\ntsl\n}", 'caddy.listeners.tsl; did you mean "tls"?'),
        ("listener_wrappers {\nproxy_protocol 1s\n}", "proxy_protocol takes no argument, got 1s"),
        ("listener_wrappers {\nproxy_protocol {\ntimeout x\n}\n}", "timeout: invalid duration"),
        ("listener_wrappers {\nproxy_protocol {\nallows a\n}\n}", 'did you mean "allow"?'),
        ("listener_wrappers {\nproxy_protocol {\nfallback_policy\n}\n}", "takes a policy"),
        (
            "listener_wrappers {\nproxy_protocol {\nfallback_policy requires\n}\n}",
            'requires is invalid policy; did you mean "REQUIRE"?',
        ),
        ("packet_conn_wrappers {\nx\n}", "module not registered: caddy.packetconns.x"),
        ("trusted_proxy static", 'did you mean "trusted_proxies"?'),
    ],
)
def test_wrong_line_is_refused(options: str, message: str) -> None:
    """Every line says what it takes."""
    assert message in refusal(f"servers {{\n{options}\n}}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("servers a b", "servers takes one listener address, got 2"),
        ("servers :80\nservers :80", "duplicate listener addresses: :80"),
        ("servers\nservers", "duplicate listener addresses: "),
        (
            "servers :80 {\nname a\n}\nservers :81 {\nname a\n}",
            (
                "cannot use duplicate server name 'a'\n    servers :81 {\n    ^^^^^^^\n"
                "the other stands in Caddyfile:2"
            ),
        ),
    ],
)
def test_ambiguous_options_are_refused(options: str, message: str) -> None:
    """An address and a name are there once."""
    assert message in refusal(options)
