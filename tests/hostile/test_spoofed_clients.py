"""Who says to be somebody else: hostile class 35, with real sockets.

What a trusted proxy may say is compared with Caddy in the scenarios of `client_ip`.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.server import running

SITE = """{
	servers {
		%s
	}
}
http://:PORT {
	log
	bind 127.0.0.1 unix/%s
	@inside client_ip 10.0.0.0/8
	respond @inside "believed {client_ip}"
	respond "{client_ip} {vars.trusted_proxy}"
}
"""
SPOOFED = {
    "X-Forwarded-For": "10.1.2.3",
    "X-Real-IP": "10.1.2.3",
    "Forwarded": "for=10.1.2.3",
    "X-Client-IP": "10.1.2.3",
    "True-Client-IP": "10.1.2.3",
    "CF-Connecting-IP": "10.1.2.3",
    "X_Forwarded_For": "10.1.2.3",
}


@pytest.mark.parametrize("trusted", ["", "trusted_proxies static 192.0.2.0/24 10.0.0.0/8"])
def test_headers_of_untrusted_peers_are_ignored(trusted: str, tmp_path: Path) -> None:
    """No header makes a client another one, be it inside of what is trusted or not."""
    text = SITE % (trusted, tmp_path / "s")
    with running(text, tmp_path) as server, httpx.Client() as client:
        for name, value in SPOOFED.items():
            answer = client.get(server.url, headers=[(name, value), (name, "10.1.2.4")])
            assert answer.text == "127.0.0.1 false", name
        record = server.wait_for("handled request")
        assert record["request"]["client_ip"] == record["request"]["remote_ip"] == "127.0.0.1"


def test_underscores_are_no_dashes(tmp_path: Path) -> None:
    """A proxy that passes `X_Forwarded_For` on has not said anything."""
    text = SITE % ("trusted_proxies static 127.0.0.1", tmp_path / "s")
    with running(text, tmp_path) as server:
        answer = httpx.get(server.url, headers={"X_Forwarded_For": "10.1.2.3"})
        assert answer.text == "127.0.0.1 true"
        answer = httpx.get(server.url, headers={"X-Forwarded-For": "10.1.2.3"})
        assert answer.text == "believed 10.1.2.3"
        record = server.wait_for("handled request", count=2)
        assert record["request"]["remote_ip"] == "127.0.0.1"
        assert record["request"]["client_ip"] == "10.1.2.3"


@pytest.mark.parametrize(
    ("trusted", "told", "expected"),
    [
        ("trusted_proxies static 0.0.0.0/0 ::/0", "10.1.2.3", " false"),
        ("trusted_proxies_unix", "10.1.2.3", "believed 10.1.2.3"),
        ("trusted_proxies_unix", "203.0.113.1, 10.1.2.3", "203.0.113.1 true"),
        ("trusted_proxies_unix", "nobody", "@ true"),
        (
            "trusted_proxies_unix\ntrusted_proxies_strict",
            "203.0.113.1, 203.0.113.2",
            "203.0.113.2 true",
        ),
        (
            "trusted_proxies_unix\ntrusted_proxies_strict\ntrusted_proxies static 10.0.0.0/8",
            "203.0.113.1, 10.1.2.3",
            "203.0.113.1 true",
        ),
    ],
)
def test_unix_socket(trusted: str, told: str, expected: str, tmp_path: Path) -> None:
    """Who is on a Unix socket is trusted only when the config says so."""
    socket = tmp_path / "s"
    with (
        running(SITE % (trusted, socket), tmp_path),
        httpx.Client(transport=httpx.HTTPTransport(uds=str(socket))) as client,
    ):
        answer = client.get("http://localhost/", headers={"X-Forwarded-For": told})

    assert answer.text == expected


def test_long_list_of_addresses_takes_no_time(tmp_path: Path) -> None:
    """What fits into a header is read to its end at once, though none of it is an address."""
    text = SITE % ("trusted_proxies static 127.0.0.1", tmp_path / "s")
    with running(text, tmp_path) as server, httpx.Client() as client:
        answer = client.get(server.url, headers={"X-Forwarded-For": "[:," * 5000}, timeout=2)
        assert answer.text == "127.0.0.1 true"
