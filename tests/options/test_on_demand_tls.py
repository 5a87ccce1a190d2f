"""The option on_demand_tls."""

from __future__ import annotations

from typing import Any

import pytest

from tests.options.adapted import document, refusal


def permission(block: str) -> Any:
    """Return the permission that a block makes."""
    apps = document(f"on_demand_tls {{\n{block}\n}}", "a.com {\n}")["apps"]
    return apps["tls"]["automation"]["on_demand"]["permission"]


def test_ask_is_short_for_http() -> None:
    """A URL may be given in two ways."""
    expected = {"endpoint": "http://x/may", "module": "http"}

    assert permission("ask http://x/may") == expected
    assert permission("permission http http://x/may") == expected


def test_folders_may_permit() -> None:
    """The module of Caddy Snake has its own syntax."""
    assert permission("permission python_dir {\nroot /srv\ndomain_suffix x.com\n}") == {
        "domain_suffix": "x.com",
        "module": "python_dir",
        "root": "/srv",
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("on_demand_tls", "expected at least one config parameter for on_demand_tls"),
        ("on_demand_tls {\n}", "expected at least one config parameter for on_demand_tls"),
        ("on_demand_tls ask x", "on_demand_tls takes a block, got ask"),
        ("on_demand_tls {\nask\n}", "ask takes a URL"),
        ("on_demand_tls {\nask a\nask b\n}", "(or 'ask') already specified"),
        ("on_demand_tls {\nask a\npermission http b\n}", "(or 'ask') already specified"),
        ("on_demand_tls {\npermission\n}", "permission takes the name of a module"),
        ("on_demand_tls {\npermission htp x\n}", 'tls.permission.htp; did you mean "http"?'),
        ("on_demand_tls {\npermission http\n}", "http takes a URL, got 0"),
        ("on_demand_tls {\ninterval 2m\n}", "'interval' option is no longer supported"),
        ("on_demand_tls {\nburst 5\n}", "'burst' option is no longer supported"),
        ("on_demand_tls {\naks x\n}", 'unrecognized subdirective: aks; did you mean "ask"?'),
        (
            "on_demand_tls {\npermission python_dir {\nrot /x\n}\n}",
            'unknown subdirective "rot"; did you mean "root"?',
        ),
        ("on_demand_tls {\npermission python_dir {\nroot\n}\n}", "root takes one argument"),
    ],
)
def test_wrong_options_are_refused(options: str, message: str) -> None:
    """Each mistake says what the option takes."""
    assert message in refusal(options)
