"""The options http_port and https_port."""

from __future__ import annotations

import pytest

from snake.caddyfile.errors import CaddyfileError
from tests.options.adapted import document, refusal


def test_ports_are_written_and_used() -> None:
    """Sites without a port listen on these."""
    app = document("http_port 8080\nhttps_port 8443", "a.com, http://a.com {\n}")["apps"]["http"]

    assert (app["http_port"], app["https_port"]) == (8080, 8443)
    assert [server["listen"] for server in app["servers"].values()] == [[":8080"], [":8443"]]


@pytest.mark.parametrize("text", ["x", "1e3", "1_0", "\u0661", "9" * 5000, '""', "80a"])
def test_wrong_port_is_refused(text: str) -> None:
    """A port is a whole number."""
    assert "is not a port" in refusal(f"http_port {text}")


def test_there_is_one_port() -> None:
    """A second port, or none, is refused."""
    assert "https_port takes one argument, got 2" in refusal("https_port 1 2")
    assert "https_port takes one argument, got 0" in refusal("https_port")


def test_any_number_will_do_where_nobody_listens() -> None:
    """Only a port that a site listens on has to be one; a sign and zeros in front are allowed."""
    app = document("http_port -1\nhttps_port 99999", ":8080 {\n}")["apps"]["http"]
    assert (app["http_port"], app["https_port"]) == (-1, 99999)
    assert document("http_port +0080")["apps"]["http"]["http_port"] == 80
    assert "http_port" not in document("http_port 0", ":8080 {\n}")["apps"]["http"]


def test_port_that_is_none_cannot_be_listened_on() -> None:
    """A site on such a port is refused."""
    with pytest.raises(CaddyfileError, match='invalid start port: "99999"'):
        document("https_port 99999", "a.com {\n}")
