"""The options http_port and https_port."""

from __future__ import annotations

import pytest

from tests.options.adapted import document, refusal


def test_ports_are_written_and_used() -> None:
    """Sites without a port listen on these."""
    app = document("http_port 8080\nhttps_port 8443", "a.com, http://a.com {\n}")["apps"]["http"]

    assert (app["http_port"], app["https_port"]) == (8080, 8443)
    assert [server["listen"] for server in app["servers"].values()] == [[":8080"], [":8443"]]


@pytest.mark.parametrize("text", ["x", "-1", "65536", "1e3", "\u0661", "9" * 5000, '""'])
def test_wrong_port_is_refused(text: str) -> None:
    """A port is a number from 0 to 65535."""
    assert "is not a port" in refusal(f"http_port {text}")


def test_there_is_one_port() -> None:
    """A second port, or none, is refused."""
    assert "https_port takes one argument, got 2" in refusal("https_port 1 2")
    assert "https_port takes one argument, got 0" in refusal("https_port")
