"""The options about the DNS, with a provider as a plugin brings it."""

from __future__ import annotations

import json
from typing import Any, Self

import pytest

from snake.adapter.adapt import adapt
from snake.adapter.catalogue import Catalogue
from snake.caddyfile.guests import Guests
from snake.config.document import encode
from snake.core.modules import Registry
from snake.core.plugins import Table
from snake.plugin import Module, Segment
from snake.standard import DIRECTIVES, MATCHERS, MODULES, OPTIONS
from tests.options.adapted import document, refusal


class Provider(Module):
    """A plugin's provider."""

    id = "dns.providers.acmedns"

    token: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `acmedns <token>`."""
        del guests
        return cls(token=line.arg())


PLUGINS = Catalogue(
    Table(DIRECTIVES),
    MATCHERS,
    OPTIONS,
    Guests(Registry({**MODULES, Provider.id: f"{__name__}:Provider"})),
)
PROVIDER = {"name": "acmedns", "token": "t"}


def tls(text: str) -> Any:
    """Return the `tls` app of a Caddyfile, where there is the provider."""
    adapted, _ = adapt(text, "Caddyfile", PLUGINS)
    return json.loads(encode(adapted))["apps"]["tls"]


def challenge(text: str) -> Any:
    """Return the DNS challenge of the first issuer."""
    return tls(text)["automation"]["policies"][0]["issuers"][0]["challenges"]["dns"]


def test_provider_of_the_app() -> None:
    """The option `dns` is the provider for all that names none."""
    assert tls("{\ndns acmedns t\n}\na.com {\n}") == {"dns": PROVIDER}
    text = "{\ndns acmedns t\n}\na.com {\ntls {\ndns\ndns_ttl 1m\n}\n}"
    assert challenge(text) == {"ttl": 60 * 10**9}


def test_provider_of_all_issuers() -> None:
    """The option `acme_dns` is the provider of the issuers without one; bare, it means `dns`."""
    assert challenge("{\nacme_dns acmedns t\n}\na.com {\n}") == {"provider": PROVIDER}
    assert challenge("{\nacme_dns\ndns acmedns t\n}\na.com {\n}") == {}


def test_provider_of_a_site() -> None:
    """A site may have a provider of its own, and an issuer too."""
    text = "{\nacme_dns acmedns no\n}\na.com {\ntls {\ndns acmedns t\n}\n}"
    assert challenge(text) == {"provider": PROVIDER}
    text = "a.com {\ntls {\nissuer acme {\ndns acmedns t\n}\n}\n}"
    assert challenge(text) == {"provider": PROVIDER}


def test_provider_of_zerossl() -> None:
    """ZeroSSL looks for a name of its own in the DNS."""
    text = "a.com {\ntls {\nissuer zerossl key {\ndns acmedns t\n}\n}\n}"
    [issuer] = tls(text)["automation"]["policies"][0]["issuers"]
    assert issuer["cname_validation"] == {"provider": PROVIDER}


def test_resolvers_go_with_a_provider() -> None:
    """The servers of the option are asked where a provider answers the challenge."""
    options = "tls_resolvers 9.9.9.9\nacme_dns acmedns t"
    assert challenge(f"{{\n{options}\n}}\na.com {{\n}}")["resolvers"] == ["9.9.9.9"]
    own = "a.com {\ntls {\nresolvers 1.1.1.1\n}\n}"
    assert challenge(f"{{\n{options}\n}}\n{own}")["resolvers"] == ["1.1.1.1"]


def test_keys_are_published() -> None:
    """A provider in the block of `ech` publishes the keys of its names."""
    found = tls("{\nech a.com b.com {\ndns acmedns t\n}\n}\nc.com {\n}")["encrypted_client_hello"]
    assert found == {
        "configs": [{"public_name": "a.com"}, {"public_name": "b.com"}],
        "publication": [
            {"configs": ["a.com", "b.com"], "publishers": {"dns": {"provider": PROVIDER}}}
        ],
    }


def test_public_names_need_certificates() -> None:
    """The names that are shown in the open are under the policy of the options."""
    apps = document("key_type p256\nech b.com", "a.com {\n}")["apps"]
    assert apps["tls"]["automation"]["policies"] == [{"key_type": "p256"}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("dns", "dns takes the name of a module"),
        ("dns route53 x", "module not registered: dns.providers.route53"),
        ("dns cloudfare x", 'dns.providers.cloudfare; did you mean "cloudflare"?'),
        ("tls_resolvers", "tls_resolvers takes one or more addresses"),
        ("ech", "ech takes one or more public names"),
        ("ech a.com {\ndsn x\n}", 'unrecognized subdirective: dsn; did you mean "dns"?'),
        ("ech a.com {\ndns x\n}", "module not registered: dns.providers.x"),
        ("ech a.com {\ndns\n}", "dns takes the name of a module"),
    ],
)
def test_wrong_options_are_refused(options: str, message: str) -> None:
    """Each mistake says what the option takes, or which providers there are."""
    assert message in refusal(options)
