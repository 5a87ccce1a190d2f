"""core.dial."""

from __future__ import annotations

import pytest

from snake.core.dial import (
    join_host_port,
    join_network,
    parse_network,
    split_host_port,
    split_network,
)
from snake.core.network import AddressError, NetworkAddress


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("a:1", "a", "1"), (":1", "", "1"), ("[::1]:1", "::1", "1"), ("a:", "a", ""), (":", "", "")],
)
def test_split_host_port(text: str, host: str, port: str) -> None:
    """The port comes after the last colon; an IPv6 address stands in brackets."""
    assert split_host_port(text) == (host, port)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a", "missing port"),
        ("", "missing port"),
        ("[::1]", "missing port"),
        ("[::1:1", "missing ']'"),
        ("[::1]x:1", "missing port"),
        ("::1", "too many colons"),
        ("[::1]::1", "too many colons"),
        ("a[:1", "unexpected '['"),
        ("a]:1", "unexpected ']'"),
        ("[::1]:1]", "unexpected ']'"),
    ],
)
def test_no_host_and_port(text: str, fault: str) -> None:
    """Anything else is refused."""
    with pytest.raises(AddressError, match="address ") as raised:
        split_host_port(text)
    assert fault in str(raised.value)


def test_join() -> None:
    """Only an IPv6 address is put into brackets, and a path has no port."""
    assert join_host_port("::1", "2") == "[::1]:2"
    assert join_network("", "a", "1") == "a:1"
    assert join_network("udp", "a", "1") == "udp/a:1"
    assert join_network("udp", "a", "") == "udp/a"
    assert join_network("unix", "/x", "1") == "unix//x"
    assert join_network("udp", "", "") == "udp/"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ("", "a", "")),
        ("a:1-2", ("", "a", "1-2")),
        ("TCP/a:1", ("tcp", "a", "1")),
        ("unix//run/x:1", ("unix", "/run/x:1", "")),
        ("fd/3", ("fd", "3", "")),
        ("::1", ("", "::1", "")),
        ("[::1]", ("", "::1", "")),
        ("a:1/b", ("a:1", "b", "")),
    ],
)
def test_split_network(text: str, parts: tuple[str, str, str]) -> None:
    """What comes before a slash is the network, whatever it is."""
    assert split_network(text) == parts


def test_no_network_address() -> None:
    """The fault of what is no host either is that of the whole."""
    with pytest.raises(AddressError, match="unexpected"):
        split_network("a]:1")


def test_parse_network() -> None:
    """Ports are numbers or ranges of them; what is not given is the default."""
    assert parse_network("a:1-3") == NetworkAddress("tcp", "a", 1, 3)
    assert parse_network("a:0080") == NetworkAddress("tcp", "a", 80, 80)
    assert parse_network("a", "udp", 53) == NetworkAddress("udp", "a", 53, 53)
    assert parse_network("unix//x|0220") == NetworkAddress("unix", "/x|0220")
    assert parse_network("fd/3") == NetworkAddress("fd", "3")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a:x", "invalid start port"),
        ("a:1-", "invalid end port"),
        ("a:1-2-3", "invalid end port"),
        ("a:65536", "invalid start port"),
        ("a:+1", "invalid start port"),
        ("a:" + "9" * 5000, "invalid start port"),
        ("a:2-1", "must not be less"),
        ("unix//x|8", "octal"),
        ("unix//x|", "octal"),
        ("unix//x|40000000000", "octal"),
        ("unix//x|0555", "owner of the socket"),
    ],
)
def test_wrong_ports_and_modes(text: str, fault: str) -> None:
    """A port, or the mode of a Unix socket, that is none is refused."""
    with pytest.raises(AddressError) as raised:
        parse_network(text)
    assert fault in str(raised.value)
