"""The options default_sni and fallback_sni."""

from __future__ import annotations

from typing import Any

import pytest

from tests.options.adapted import document, refusal


def policies(options: str, site: str) -> Any:
    """Return the connection policies of a site with these options."""
    server = document(options, site)["apps"]["http"]["servers"]["srv0"]
    return server.get("tls_connection_policies")


def test_every_encrypted_server_has_it() -> None:
    """A name for handshakes without one is a policy for all connections."""
    assert policies("default_sni a.com", "b.com {\n}") == [{"default_sni": "a.com"}]
    assert policies("default_sni a.com", ":80 {\n}") is None


def test_site_of_that_name_takes_handshakes_without_one() -> None:
    """The policy of the site that has the name is for the empty name too."""
    found = policies("fallback_sni a.com", "a.com {\ntls {\nalpn h2\n}\n}")

    assert found[0]["match"] == {"sni": ["", "a.com"]}
    assert found[0]["fallback_sni"] == "a.com"


@pytest.mark.parametrize("name", ["default_sni", "fallback_sni"])
def test_wrong_options_are_refused(name: str) -> None:
    """Each takes one name."""
    assert f"{name} takes one argument, got 0" in refusal(name)
    assert f"{name} takes one argument, got 2" in refusal(f"{name} a b")
    assert f"{name} takes no block" in refusal(f"{name} a {{\nb\n}}")
