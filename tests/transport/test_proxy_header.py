"""Headers of the PROXY protocol, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.transport.proxy_header import (
    LONGEST,
    ProxyHeaderError,
    Told,
    may_begin,
    read_proxy_header,
)

MARK = b"\r\n\r\n\0\r\nQUIT\n"
V4 = bytes([1, 2, 3, 4, 5, 6, 7, 8]) + b"\x04\x57\x08\xae"
V6 = b"\x20\x01" + bytes(13) + b"\1" + b"\x20\x01" + bytes(13) + b"\2" + b"\x04\x57\x08\xae"
MAPPED = bytes(10) + b"\xff\xff\1\2\3\4" + bytes(10) + b"\xff\xff\5\6\7\x08" + V4[-4:]
UNIX = b"/a".ljust(108, b"\0") + b"/b".ljust(108, b"\0")


def binary(command: int, family: int, block: bytes, length: int | None = None) -> bytes:
    """Return a header of version 2."""
    size = len(block) if length is None else length
    return MARK + bytes([command, family]) + size.to_bytes(2) + block


@pytest.mark.parametrize(
    ("line", "client", "server"),
    [
        ("TCP4 1.2.3.4 5.6.7.8 1111 2222", ("1.2.3.4", 1111), ("5.6.7.8", 2222)),
        ("TCP6 2001::1 2001::2 1 65535", ("2001::1", 1), ("2001::2", 65535)),
        ("TCP6 ::ffff:1.2.3.4 ::FFFF:5.6.7.8 0 0", ("1.2.3.4", 0), ("5.6.7.8", 0)),
    ],
)
def test_text(line: str, client: tuple[str, int], server: tuple[str, int]) -> None:
    """Version 1 is one line: a protocol, two addresses and two ports."""
    data = f"PROXY {line}\r\n".encode()
    assert read_proxy_header(data + b"GET /") == Told(len(data), client=client, server=server)


@pytest.mark.parametrize("rest", ["", " ", " ffff::1 x 1 2 3 \t\xe9", " " + "x" * 91])
def test_text_of_unknown(rest: str) -> None:
    """What stands behind UNKNOWN means nothing; the connection's own addresses count."""
    data = f"PROXY UNKNOWN{rest}\r\n".encode("latin-1")
    assert read_proxy_header(data) == Told(len(data), is_local=True)


@pytest.mark.parametrize(
    "line",
    [
        *("", " ", " TCP4", " TCP4 1.2.3.4 5.6.7.8 1", " TCP4 1.2.3.4 5.6.7.8 1 2 3"),
        *("  TCP4 1.2.3.4 5.6.7.8 1 2", " TCP4 1.2.3.4  5.6.7.8 1 2", "x TCP4 1.2.3.4 5.6.7.8 1 2"),
        *(" TCP4 1.2.3.4 5.6.7.8 1 2 ", "\tTCP4 1.2.3.4 5.6.7.8 1 2", " tcp4 1.2.3.4 5.6.7.8 1 2"),
        *(" TCP4 2001::1 2001::2 1 2", " TCP6 1.2.3.4 5.6.7.8 1 2", " UDP4 1.2.3.4 5.6.7.8 1 2"),
        *(" TCP4 ::ffff:1.2.3.4 5.6.7.8 1 2", " TCP6 fe80::1%1 fe80::2 1 2", " UNKNOWNX"),
        *(" TCP4 01.2.3.4 5.6.7.8 1 2", " TCP4 1.2.3 5.6.7.8 1 2", " TCP4 256.2.3.4 5.6.7.8 1 2"),
        *(" TCP4 1.2.3.4 5.6.7.8 01 2", " TCP4 1.2.3.4 5.6.7.8 1 00", " TCP4 1.2.3.4 5.6.7.8 1 -2"),
        *(" TCP4 1.2.3.4 5.6.7.8 65536 1", " TCP4 1.2.3.4 5.6.7.8 1 99999", " TCP4 a b 1 2"),
        *(" TCP4 1.2.3.4 5.6.7.8 +1 2", " TCP6 :: ::: 1 2", " TCP6 2001:db8 ::1 1 2"),
    ],
)
def test_wrong_text(line: str) -> None:
    """What is not exactly such a line is refused."""
    with pytest.raises(ProxyHeaderError):
        read_proxy_header(f"PROXY{line}\r\n".encode())


def test_end_of_text() -> None:
    """A line ends in CRLF, within 107 bytes."""
    with pytest.raises(ProxyHeaderError):
        read_proxy_header(b"PROXY UNKNOWN\n")
    with pytest.raises(ProxyHeaderError, match="107"):
        read_proxy_header(b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n")
    with pytest.raises(ProxyHeaderError, match="107"):
        read_proxy_header(b"PROXY UNKNOWN " + b"x" * 100_000)
    assert read_proxy_header(b"PROXY UNKNOWN " + b"x" * 91) is None


@pytest.mark.parametrize(
    ("family", "block", "client", "server"),
    [
        (0x11, V4, ("1.2.3.4", 1111), ("5.6.7.8", 2222)),
        (0x12, V4, ("1.2.3.4", 1111), ("5.6.7.8", 2222)),
        (0x21, V6, ("2001::1", 1111), ("2001::2", 2222)),
        (0x21, MAPPED, ("1.2.3.4", 1111), ("5.6.7.8", 2222)),
        (0x31, UNIX, None, None),
        (0x11, V4 + b"\x04\0\x01x", ("1.2.3.4", 1111), ("5.6.7.8", 2222)),
        (0x11, V4 + b"\x04\xff\xffx", ("1.2.3.4", 1111), ("5.6.7.8", 2222)),
        (0x11, V4 + bytes(4084), ("1.2.3.4", 1111), ("5.6.7.8", 2222)),
    ],
)
def test_binary(
    family: int, block: bytes, client: tuple[str, int] | None, server: tuple[str, int] | None
) -> None:
    """Version 2 has addresses of a family; what follows them is passed over, whatever it says."""
    data = binary(0x21, family, block)
    assert read_proxy_header(data + b"GET /") == Told(len(data), client=client, server=server)


@pytest.mark.parametrize(
    ("family", "block"), [(0, b""), (0x11, V4), (0x11, b""), (0, b"\x04\0\x01x"), (0x31, b"x")]
)
def test_local(family: int, block: bytes) -> None:
    """The proxy's own connection has its own addresses, whatever else the header says."""
    data = binary(0x20, family, block)
    assert read_proxy_header(data) == Told(len(data), is_local=True)


@pytest.mark.parametrize(
    "data",
    [
        binary(0x21, 0x11, V4[:-1]),
        binary(0x21, 0x21, V4),
        binary(0x21, 0x31, UNIX[:-1]),
        binary(0x21, 0, b""),
        binary(0x21, 0x41, V4),
        binary(0x21, 0x13, V4),
        binary(0x20, 0x13, V4),
        binary(0x21, 0x10, V4),
        binary(0x11, 0x11, V4),
        binary(0x31, 0x11, V4),
        binary(0x22, 0x11, V4),
        binary(0x21, 0x11, V4, length=4097),
        binary(0x20, 0, b"", length=65_535),
    ],
)
def test_wrong_binary(data: bytes) -> None:
    """Unknown versions, commands and families are refused, and lengths that cannot be."""
    with pytest.raises(ProxyHeaderError):
        read_proxy_header(data)


@pytest.mark.parametrize(
    "data", [b"PROXY TCP6 2001::1 2001::2 1111 2222\r\n", binary(0x21, 0x11, V4 + b"tlv")]
)
def test_every_beginning_waits(data: bytes) -> None:
    """Of a header that is cut anywhere, the rest is waited for."""
    for size in range(len(data)):
        assert may_begin(data[:size])
        assert read_proxy_header(data[:size]) is None
    assert read_proxy_header(data) is not None


@pytest.mark.parametrize("data", [b"POST / HTTP/1.1", b"GET", b"\r\nGET", b"\x16\x03", b"PRI *"])
def test_requests_are_no_headers(data: bytes) -> None:
    """What HTTP and TLS begin with is told from a header by its first bytes."""
    assert not may_begin(data)


@given(st.binary(max_size=300), st.sampled_from([b"PROXY ", b"PROXY TCP4 ", MARK, MARK + b"!\x11"]))
def test_anything(data: bytes, mark: bytes) -> None:
    """Whatever follows the mark is a header, half of one, or refused."""
    whole = mark + data
    try:
        told = read_proxy_header(whole)
    except ProxyHeaderError:
        return
    assert told is None or 0 < told.size <= min(len(whole), LONGEST)
