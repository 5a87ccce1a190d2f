"""bind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapter.test_adapt import document, refusal


def servers(text: str) -> list[Any]:
    """Return where each server of a Caddyfile listens."""
    found = document(text)["apps"]["http"]["servers"].values()
    return [(server["listen"], server.get("listen_protocols")) for server in found]


def test_site_listens_where_it_says() -> None:
    """Every address gets the site's port; a socket file has none."""
    assert servers(":81 {\n\tbind 127.0.0.1 ::1 unix//run/a.sock\n}") == [
        (["127.0.0.1:81", "[::1]:81", "unix//run/a.sock"], None)
    ]


def test_lines_add_up_and_have_protocols_of_their_own() -> None:
    """What speaks the usual protocols is `null` in the list beside the addresses."""
    text = ":81 {\n\tbind a\n\tbind b {\n\t\tprotocols h1\n\t\tprotocols h2 h1\n\t}\n}"

    assert servers(text) == [(["a:81", "b:81"], [None, ["h1", "h2"]])]


def test_site_is_first_asked_then_the_option() -> None:
    """A site that says nothing listens where the option says."""
    text = "{\n\tdefault_bind a\n}\n:81 {\n\tbind b\n}\n:82 {\n}"

    assert servers(text) == [(["a:82"], None), (["b:81"], None)]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("protocols", "protocols requires one or more arguments"),
        ("protocol h1", 'unrecognized subdirective: protocol; did you mean "protocols"?'),
    ],
)
def test_wrong_block_is_refused(block: str, message: str) -> None:
    """What the block may hold is named."""
    error = refusal(f":81 {{\n\tbind a {{\n\t\t{block}\n\t}}\n}}")

    assert message in error.message
    assert error.line == 3
