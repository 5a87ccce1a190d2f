"""What a client says first, read from its bytes."""

from __future__ import annotations

import ssl
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snake.tls.hello import Hello, HelloError, HelloReader, read_client_hello


def record(body: bytes) -> bytes:
    """Return a record of a handshake."""
    return b"\x16\x03\x01" + len(body).to_bytes(2) + body


def message(extensions: bytes, version: bytes = b"\x03\x03") -> bytes:
    """Return a ClientHello with these extensions."""
    body = version + bytes(32) + b"\0" + b"\0\x02\xc0\x2f" + b"\x01\0"
    body += len(extensions).to_bytes(2) + extensions
    return b"\x01" + len(body).to_bytes(3) + body


def extension(kind: int, body: bytes) -> bytes:
    """Return an extension."""
    return kind.to_bytes(2) + len(body).to_bytes(2) + body


def server_name(name: bytes) -> bytes:
    """Return the extension with a name."""
    entry = b"\0" + len(name).to_bytes(2) + name
    return extension(0, len(entry).to_bytes(2) + entry)


def openssl_hello(name: str = "ExAmple.com", alpn: tuple[str, ...] = ("h2", "http/1.1")) -> bytes:
    """Return what OpenSSL sends first."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(alpn)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_openssl() -> None:
    """The hello of OpenSSL says its name, protocols, versions, groups, keys and signatures."""
    hello = HelloReader().feed(openssl_hello())

    assert hello is not None
    assert hello.server_name == "example.com"
    assert hello.alpn == ("h2", "http/1.1")
    assert hello.versions == (0x0304, 0x0303)
    assert set(hello.key_shares) <= set(hello.groups)
    assert 0x0403 in hello.signature_algorithms
    assert 0x1301 in hello.cipher_suites


def test_byte_by_byte() -> None:
    """A hello that comes byte by byte is whole with its last byte, and not before."""
    data = openssl_hello()
    reader = HelloReader()
    found = [reader.feed(data[at : at + 1]) for at in range(len(data))]

    assert found[-1] == HelloReader().feed(data)
    assert not any(found[:-1])
    assert reader.data == data


def test_many_records() -> None:
    """A hello may be spread over records of one byte each."""
    data = openssl_hello()
    spread = b"".join(record(data[at : at + 1]) for at in range(5, len(data)))

    assert HelloReader().feed(spread) == HelloReader().feed(data)


def test_bare_message() -> None:
    """The message alone, as QUIC has it, says the same."""
    data = openssl_hello()

    assert read_client_hello(data[5:]) == HelloReader().feed(data)


def test_ten_kilobytes() -> None:
    """A hello of 10 kB is read."""
    long = message(server_name(b"a.com") + extension(21, bytes(10_000)))

    assert HelloReader().feed(record(long)) == Hello(
        "a.com", (), (0x0303, 0x0302, 0x0301), (0xC02F,)
    )


def test_before_tls_1_3() -> None:
    """A hello without the extension for versions has the one it says, and those before."""
    old = read_client_hello(message(b"", version=b"\x03\x01"))

    assert old.versions == (0x0301,)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x80\x2e\x01\0\x02\0\x15\0\0\0\x10",  # SSL 2.0
        b"\x16\x02",
        b"\x16\x03\x01\0\0",
        b"\x16\x03\x01\x40\x01",
        b"\x16\x03\x01\0\x05\x02",
        b"\x15\x03\x01\0\x02\x01\0",
        record(b"\x01\0\x40\x01"),
        record(message(b"")[:-1] + b"\x05"),
        record(message(server_name(b"a.com") + server_name(b"a.com"))),
        record(message(server_name(b""))),
        record(message(server_name(b"a" * 256))),
        record(message(server_name(b"a\0.com"))),
        record(message(server_name("ä.com".encode()))),
        record(message(server_name(b"a.com."))),
        record(message(extension(16, b"\0\x01\0"))),
        record(message(extension(10, b"\0\x03\0\x17\0"))),
        record(message(extension(43, b"\x02\x03"))),
        record(message(extension(43, b"\x02\x03\x04rest"))),
        record(message(extension(0, b"\0\x0c" + b"\0\0\x03a.b" * 2))),
    ],
)
def test_garbage(data: bytes) -> None:
    """What is no ClientHello is refused, and never waited on."""
    with pytest.raises(HelloError):
        HelloReader().feed(data)


def test_records_are_counted() -> None:
    """A hello in more than 1024 records is refused before all of it is there."""
    spread = record(b"\x01") + record(b"\0\x3f\xff") + record(b"x") * 1022
    assert HelloReader().feed(spread) is None
    with pytest.raises(HelloError):
        HelloReader().feed(spread + record(b"x"))


HELLO = openssl_hello()


@given(st.data())
@settings(max_examples=300)
def test_spoiled(data: st.DataObject) -> None:
    """A hello with some other bytes is read, waited for or refused; nothing else happens."""
    spoiled = bytearray(HELLO)
    for _ in range(data.draw(st.integers(1, 4))):
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(spoiled)))
    reader = HelloReader()
    with suppress(HelloError):
        found = reader.feed(bytes(spoiled[:cut])) or reader.feed(bytes(spoiled[cut:]))
        assert found is None or found.server_name.isascii()
