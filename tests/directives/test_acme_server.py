"""acme_server: its lines and fields, and what it answers; tests/acme_server has the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.directives.adapted import mistake, refusal, warnings
from tests.site import site


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("acme_server home", 2, "home", "acme_server takes no argument, got home"),
        ("acme_server {\nca\n}", 3, "ca", "ca takes the ID of an authority, got 0"),
        ("acme_server {\nca a b\n}", 3, "b", "ca takes the ID of an authority, got 2"),
        ("acme_server {\nlifetime\n}", 3, "lifetime", "lifetime takes a duration"),
        ("acme_server {\nlifetime long\n}", 3, "long", 'lifetime: invalid duration "long"'),
        ("acme_server {\nresolvers\n}", 3, "resolvers", "resolvers takes the addresses"),
        ("acme_server {\nsign_with_root x\n}", 3, "x", "sign_with_root takes no argument"),
        ("acme_server {\nallow_wildcard_names x\n}", 3, "x", "unrecognized subdirective: x"),
        ("acme_server {\nallow domains a\n}", 3, "domains", "unrecognized subdirective: domains"),
        ("acme_server {\nallow {\ndomains\n}\n}", 4, "domains", "domains takes what it is about"),
        ("acme_server {\ndeny {\nips a\n}\n}", 4, "ips", "deny: unrecognized subdirective: ips"),
        ("acme_server {\ndeny {\ndomains a {\n}\n}\n}", 4, "domains", "domains takes no block"),
        ("acme_server {\nca a {\n}\n}", 3, "ca", "ca takes no block"),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(lines)

    assert found[:2] == (line, word)
    assert message in found[2]


def test_authority_of_a_server_inside_of_a_block_is_warned_of() -> None:
    """Caddy makes an authority only for those that stand in a site."""
    assert warnings("handle {\nacme_server {\nca home\n}\n}") == [
        "Caddyfile:3: acme_server: only directly in a site it makes home a CA"
    ]
    line, word, _ = mistake("route {\nacme_server {\nca home\n}\n}")
    assert (line, word) == (3, "acme_server")


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"ca": 1}, "ca"),
        ({"lifetime": []}, "lifetime"),
        ({"resolvers": "1.1.1.1"}, "resolvers"),
        ({"challenges": [1]}, "challenges/0"),
        ({"policy": {"allow": []}}, "policy/allow"),
        ({"policy": {"deny": {"domains": "a"}}}, "policy/deny/domains"),
    ],
)
async def test_wrong_types(config: dict[str, object], path: str) -> None:
    """Its fields are typed."""
    error = await refusal({"handler": "acme_server", **config})

    assert error.path == f"handle/0/{path}"


@pytest.mark.parametrize(
    ("config", "path", "message"),
    [
        ({"challenges": ["http-02"]}, "challenges/0", "ACME challenge 'http-02' is not supported"),
        ({"lifetime": "7d"}, "lifetime", "should be less than that of the intermediate"),
        ({"ca": "office"}, "ca", "no certificate authority is configured with the ID 'office'"),
        ({"resolvers": ["a:b"]}, "resolvers", "is no address of a DNS server"),
        (
            {"policy": {"allow": {"domains": ["a", "a.*.b"]}}},
            "policy/allow/domains/1",
            "no domain: 'a.*.b'; write example.com, or *.example.com",
        ),
        (
            {"policy": {"deny": {"ip_ranges": ["10.0.0.0/40"]}}},
            "policy/deny/ip_ranges/0",
            "no IP address and no range of them: '10.0.0.0/40'",
        ),
    ],
)
async def test_wrong_values(
    config: dict[str, object],
    path: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A value that cannot be is an error at its place, when the configuration is loaded."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    error = await refusal({"handler": "acme_server", **config})

    assert error.path == f"handle/0/{path}"
    assert message in error.message


async def test_what_is_elsewhere_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request for another path is not the server's, and a long one is cut."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    lines = ":80 {\n\troute {\n\t\tacme_server\n\t\trespond else\n\t}\n}\n"
    async with site(lines) as served:
        directory = await served.get("/acme/local/directory")
        other = await served.get("/acm")
        nonce = await served.request("HEAD", "/acme/local/new-nonce")
        long = await served.request("POST", "/acme/local/new-order", body=b"x" * 70_000)
        wrong = await served.request("POST", "/acme/local/new-order", body=b"{}")

    assert json.loads(directory.body)["newNonce"] == "https://localhost/acme/local/new-nonce"
    assert directory.header("content-type") == "application/json"
    assert other.text == "else"
    assert (nonce.status, nonce.header("cache-control")) == (200, "no-store")
    assert long.status == 413
    assert (wrong.status, wrong.header("content-type")) == (415, "application/problem+json")
