"""acme_server, as far as it is adapted and checked."""

from __future__ import annotations

import pytest

from tests.directives.adapted import mistake, refusal, warnings


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


async def test_it_does_not_run_yet() -> None:
    """It is refused by name."""
    error = await refusal({"handler": "acme_server", "lifetime": "12h"})

    assert error.message.startswith("http.handlers.acme_server does not run")


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
