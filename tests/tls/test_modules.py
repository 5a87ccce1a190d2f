"""The modules of TLS, in JSON."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from snake.config.document import Document
from snake.core.check import check
from snake.core.errors import ConfigError
from snake.core.modules import Context, Module, Registry, decode
from snake.standard import MODULES

IDLE = [
    id
    for id in MODULES
    if id.startswith("tls.") and Registry(MODULES).get(id).provision is Module.provision
]
"""Those that only have their types checked."""


def checked(tls: Any, policies: Any = ()) -> None:
    """Check the types of a document."""
    http = {"servers": {"s": {"tls_connection_policies": policies}}}
    document = msgspec.json.encode({"apps": {"tls": tls, "http": http}})
    check(decode(document, Document), Registry(MODULES))


DNS = {"ttl": "1m", "propagation_delay": 1, "propagation_timeout": -1, "resolvers": ["a"]}
ACME = {
    "module": "acme",
    "ca": "https://ca",
    "account_key": "pem",
    "challenges": {
        "http": {"disabled": True},
        "tls-alpn": {"alternate_port": 1},
        "dns": {**DNS, "override_domain": "a"},
        "bind_host": "::1",
        "distributed": False,
    },
    "preferred_chains": {"smallest": True},
    "network_proxy": {"from": "url", "url": "http://x"},
}


def test_everything_is_known() -> None:
    """A document may use every module of the namespace."""
    pool = {
        "provider": "combined",
        "sources": [
            {"provider": "http", "endpoints": ["a"], "tls": {"ca": {"provider": "system"}}},
            {"provider": "pki_root", "authority": ["local"]},
            {"provider": "storage", "pem_keys": ["a"]},
        ],
    }
    leaf = {"verifier": "leaf", "leaf_certs_loaders": [{"loader": "file", "files": ["a"]}]}
    checked(
        {
            "certificates": {
                "automate": ["a.com"],
                "load_files": [{"certificate": "a", "key": "b", "format": "pem", "tags": ["c"]}],
                "load_folders": ["a"],
                "load_pem": [{"certificate": "a", "key": "b"}],
                "load_storage": {"pairs": [{"certificate": "a", "key": "b"}]},
            },
            "automation": {
                "policies": [
                    {
                        "issuers": [
                            ACME,
                            {"module": "internal", "lifetime": "1h"},
                            {"module": "zerossl", "cname_validation": DNS, "validity_days": 90},
                        ],
                        "get_certificate": [{"via": "tailscale"}, {"via": "http", "url": "a"}],
                    }
                ],
                "on_demand": {"permission": {"module": "http", "endpoint": "http://x"}},
            },
            "session_tickets": {"key_source": {"provider": "distributed"}},
            "encrypted_client_hello": {
                "configs": [{"public_name": "a"}],
                "publication": [{"publishers": {"dns": {}}}],
            },
        },
        [
            {
                "match": {
                    "sni": ["a.com"],
                    "sni_regexp": {"name": "a", "pattern": "b"},
                    "remote_ip": {"ranges": ["::1"], "not_ranges": ["::2"]},
                    "local_ip": {"ranges": ["::1"]},
                },
                "certificate_selection": {
                    "serial_number": ["123456789012345678901234567890"],
                    "public_key_algorithm": "RSA",
                },
                "client_authentication": {"ca": pool, "verifiers": [leaf]},
            }
        ],
    )


@pytest.mark.parametrize(
    ("tls", "message"),
    [
        ({"certificates": {"automate": "a.com"}}, "apps/tls/certificates/automate: expected"),
        ({"certificates": {"load_files": [{"key": "a"}]}}, "apps/tls/certificates/load_files"),
        ({"certificates": {"lod_files": []}}, 'did you mean "load_files"?'),
        (
            {
                "automation": {
                    "policies": [{"issuers": [{**ACME, "challenges": {"dns": {"x": 1}}}]}]
                }
            },
            'apps/tls/automation/policies/0/issuers/0/challenges/dns: unknown field "x"',
        ),
        (
            {"dns": {"name": "route53"}},
            "dns.providers.route53; known: cloudflare, rfc2136; others are plugins, see docs/",
        ),
    ],
)
def test_wrong_types_are_refused(tls: Any, message: str) -> None:
    """Each mistake has its place in the document."""
    with pytest.raises(ConfigError) as raised:
        checked(tls)
    assert message in str(raised.value)


@pytest.mark.parametrize("id", IDLE)
async def test_module_does_not_run(id: str) -> None:
    """What does not run yet says so by its name."""
    bare = Registry(MODULES).get(id).bare
    ctx = Context(Registry(MODULES), AsyncExitStack()).at("here")
    with pytest.raises(ConfigError, match=f"here: {id} does not run in this version"):
        await ctx.load_named(msgspec.Raw(b"[]" if bare else b"{}"), id)


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"public_key_algorithm": "rot13"}, "unrecognized public key algorithm: rot13"),
        ({"serial_number": ["0x1"]}, "certificate_selection/serial_number/0: expected"),
        ({"serial_number": [1]}, "certificate_selection/serial_number/0: expected"),
    ],
)
def test_wrong_selection_is_refused(selection: Any, message: str) -> None:
    """Serial numbers are digits as text, and there are three kinds of key."""
    with pytest.raises(ConfigError) as raised:
        checked({}, [{"certificate_selection": selection}])
    assert message in str(raised.value)
