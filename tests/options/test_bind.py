"""The option default_bind."""

from __future__ import annotations

import pytest

from tests.options.adapted import document, refusal


@pytest.mark.parametrize(
    ("options", "listen"),
    [
        ("default_bind", [":80"]),
        ("default_bind 127.0.0.1", ["127.0.0.1:80"]),
        ("default_bind b a", ["a:80", "b:80"]),
        ("default_bind a\ndefault_bind b", ["a:80", "b:80"]),
        ("default_bind unix//run/x", ["unix//run/x"]),
    ],
)
def test_sites_listen_there(options: str, listen: list[str]) -> None:
    """Every site listens on its port of each address."""
    assert document(options)["apps"]["http"]["servers"]["srv0"]["listen"] == listen


def test_addresses_may_have_protocols() -> None:
    """Protocols are written beside the addresses; `null` stands for the usual ones."""
    server = document("default_bind a\ndefault_bind b {\nprotocols h2 h1\n}")["apps"]["http"][
        "servers"
    ]["srv0"]

    assert server["listen_protocols"] == [None, ["h1", "h2"]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("default_bind a {\nprotocols\n}", "protocols requires one or more arguments"),
        ("default_bind a {\nprotocol h1\n}", 'did you mean "protocols"?'),
        ("default_bind a {\nprotocols h1 {\nh2\n}\n}", "protocols takes no block"),
    ],
)
def test_wrong_bind_is_refused(options: str, message: str) -> None:
    """What cannot be says what was expected."""
    assert message in refusal(options)
