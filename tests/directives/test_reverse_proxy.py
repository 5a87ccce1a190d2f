"""reverse_proxy, as it is adapted and checked."""

from __future__ import annotations

from typing import Any

import pytest

from snake.adapter.adapt import adapt
from snake.core.errors import ConfigError
from snake.standard import catalogue
from tests.directives.handlers import provision


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"upstreams": [{"dial": 80}]}, "upstreams/0/dial"),
        ({"flush_interval": []}, "flush_interval"),
        ({"transport": {"protocol": "http", "tls": {"except_ports": "80"}}}, "tls/except_ports"),
        ({"transport": {"protocol": "smtp"}}, "transport"),
        ({"load_balancing": {"selection_policy": {"policy": "best"}}}, "selection_policy"),
        ({"load_balancing": {"retry_match": [{"path": "/x"}]}}, "retry_match/0/path"),
        ({"dynamic_upstreams": {"source": "a", "refresh": {}}}, "dynamic_upstreams/refresh"),
        ({"handle_response": [{"match": {"status_code": 2}}]}, "match/status_code"),
        ({"headers": {"request": {"set": {"A": "b"}}}}, "request/set"),
        ({"health_checks": {"active": {"headers": {"A": "b"}}}}, "active/headers"),
    ],
)
async def test_wrong_types_are_refused(config: dict[str, Any], path: str) -> None:
    """What stands in a proxy is typed to the last leaf, and so are the modules in it."""
    with pytest.raises(ConfigError) as raised:
        await provision("reverse_proxy", **config)
    assert path in raised.value.path


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("header_up X-Forwarded-For {remote_host}", "Unnecessary header_up X-Forwarded-For"),
        ("header_up x-forwarded-proto {scheme}", "Unnecessary header_up X-Forwarded-Proto"),
        ("header_up X-Forwarded-Host {host}", "Unnecessary header_up X-Forwarded-Host"),
        ("to https://a\nheader_up Host {upstream_hostport}", "Unnecessary header_up Host"),
        ("health_path /x", "the 'health_path' subdirective is deprecated"),
        ("transport http {\nforward_proxy_url x\n}", "The 'forward_proxy_url' field is deprecated"),
        ("transport http {\ntls_trusted_ca_certs x\n}", "'tls_trusted_ca_certs' field is"),
    ],
)
def test_warnings(lines: str, message: str) -> None:
    """What is unnecessary or deprecated is warned of, in Caddy's words."""
    _, warnings = adapt(f":80 {{\nreverse_proxy {{\n{lines}\n}}\n}}", "Caddyfile", catalogue())

    assert any(message in str(warning) for warning in warnings)


@pytest.mark.parametrize(
    "lines",
    [
        "header_up X-Forwarded-For {client_ip}",
        "header_up X-Forwarded-For a b",
        "header_up Host {upstream_hostport}",
        "to https://a\nheader_up Host {host}",
    ],
)
def test_no_warnings(lines: str) -> None:
    """What changes anything is not warned of."""
    _, warnings = adapt(f":80 {{\nreverse_proxy {{\n{lines}\n}}\n}}", "Caddyfile", catalogue())

    assert not any("Unnecessary" in str(warning) for warning in warnings)
