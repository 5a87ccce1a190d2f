"""core.network."""

from __future__ import annotations

import pytest

from snake.core.network import AddressError, NetworkAddress, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":8080", NetworkAddress("tcp", "", 8080, 8080)),
        ("localhost:80", NetworkAddress("tcp", "localhost", 80, 80)),
        ("tcp4/127.0.0.1:1-3", NetworkAddress("tcp4", "127.0.0.1", 1, 3)),
        ("[::1]:443", NetworkAddress("tcp", "::1", 443, 443)),
        ("unix//run/x.sock", NetworkAddress("unix", "/run/x.sock")),
        ("fd/3", NetworkAddress("fd", "3")),
    ],
)
def test_parse(text: str, address: NetworkAddress) -> None:
    """An address is network, host and ports, and prints as it was written."""
    assert parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize("text", ["", "localhost", ":x", ":70000", ":5-4", "unix/", ":-1"])
def test_refused(text: str) -> None:
    """What is no address is refused, and named."""
    with pytest.raises(AddressError, match="invalid address"):
        parse_address(text)
