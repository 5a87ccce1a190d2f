"""`dynamic` in a running server, beside Caddy: upstreams that a DNS server knows."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.differential.pair import Pair, pair
from tests.differential.upstream import upstream
from tests.proxy.dns_server import DNSServer, dns_server
from tests.server import free_port


@pytest.fixture(scope="module")
def ports() -> Iterator[list[int]]:
    """Two upstreams, the second one says so."""
    with ExitStack() as stack:
        yield [stack.enter_context(upstream(name)) for name in ("1", "2")]


@pytest.fixture
def server(ports: list[int]) -> Iterator[DNSServer]:
    """A DNS server that knows them."""
    first, second = ports
    zone = {
        ("app.test.", "A"): ["127.0.0.1"],
        ("_web._tcp.app.test.", "SRV"): [
            f"10 0 {first} app.test.",
            f"20 0 {second} app.test.",
        ],
        ("other.test.", "SRV"): [f"0 0 {second} app.test."],
    }
    with dns_server(zone) as running:
        yield running


def who(port: int, path: str = "/size?n=1", method: str = "GET") -> tuple[int, str]:
    """Ask, and return the status and which upstream has answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, response.getheader("X-Upstream", "1")


def both(pair: Pair, path: str = "/size?n=1") -> tuple[int, str]:
    """Ask both servers, who must agree."""
    caddy, snake = who(pair.caddy, path), who(pair.snake, path)
    assert caddy == snake
    return snake


def test_addresses_of_a_name(server: DNSServer, ports: list[int], tmp_path: Path) -> None:
    """`a` sends requests to the addresses of a name, which a request may tell."""
    site = f"""http://:PORT {{
        reverse_proxy /size {{
            dynamic a app.test {ports[1]} {{
                resolvers 127.0.0.1:{server.port}
                versions ipv4
            }}
        }}
        reverse_proxy /status/* {{
            dynamic a {{http.request.uri.query.name}} {ports[0]} {{
                resolvers 127.0.0.1:{server.port}
                refresh 1h
            }}
        }}
    }}
    """
    with pair(site, tmp_path, workers=1) as servers:
        assert both(servers) == (200, "2")
        assert both(servers) == (200, "2")
        asked = server.asked["A"]
        assert asked == 2
        assert both(servers, "/status/404?name=app.test") == (404, "1")
        assert both(servers, "/status/404?name=nobody.test") == (503, "1")
        assert both(servers, "/status/404?name=") == (503, "1")


def test_services_of_a_name(server: DNSServer, ports: list[int], tmp_path: Path) -> None:
    """`srv` gives the services by priority; what is not there falls back to static ones."""
    resolvers = f"resolvers 127.0.0.1:{server.port}"
    site = f"""http://:PORT {{
        reverse_proxy /size {{
            lb_policy first
            dynamic srv _web._tcp.app.test {{
                {resolvers}
            }}
            transport http {{
                {resolvers}
            }}
        }}
        reverse_proxy /header 127.0.0.1:{ports[1]} {{
            dynamic srv {{
                service web
                proto tcp
                name nobody.test
                {resolvers}
            }}
        }}
        reverse_proxy /status/* {{
            lb_policy first
            dynamic multi {{
                srv nobody.test {{
                    {resolvers}
                }}
                srv other.test {{
                    {resolvers}
                }}
                a app.test {ports[0]} {{
                    {resolvers}
                }}
            }}
            transport http {{
                {resolvers}
            }}
        }}
    }}
    """
    with pair(site, tmp_path, workers=1) as servers:
        assert both(servers) == (200, "1")
        assert both(servers, "/header") == (200, "2")
        assert both(servers, "/status/404") == (404, "2")


def test_a_retry_asks_anew(server: DNSServer, ports: list[int], tmp_path: Path) -> None:
    """When the upstream of a service is gone, the next try finds the one that has taken over."""
    dead = free_port()
    server.zone["move.test.", "SRV"] = [f"0 0 {dead} app.test."]
    site = f"""http://:PORT {{
        reverse_proxy {{
            lb_try_duration 10s
            lb_try_interval 50ms
            dynamic srv move.test {{
                resolvers 127.0.0.1:{server.port}
                refresh 1h
            }}
            transport http {{
                resolvers 127.0.0.1:{server.port}
            }}
        }}
    }}
    """
    with pair(site, tmp_path, workers=1) as servers:
        for port in (servers.caddy, servers.snake):
            server.zone["move.test.", "SRV"] = [f"0 0 {dead} app.test."]
            server.moves = {("move.test.", "SRV"): [f"0 0 {ports[1]} app.test."]}
            assert who(port, method="POST") == (200, "2")
