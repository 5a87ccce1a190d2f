"""What clients send that is no request, or not the one it looks like: a table.

Each row is (ID, where it is written, bytes, status). All of them end the connection.
"""

from __future__ import annotations

from typing import NamedTuple

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"


class Case(NamedTuple):
    """One row."""

    id: str
    source: str
    """The section of an RFC, or the class of vulnerability."""
    data: bytes
    status: int


def _length(value: bytes) -> bytes:
    return HEAD + b"Content-Length: " + value + b"\r\n\r\nhello"


def _coding(value: bytes, version: bytes = b"1.1") -> bytes:
    head = HEAD.replace(b"1.1", version)
    return head + b"Transfer-Encoding:" + value + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


def _chunks(body: bytes) -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body


def _line(line: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n"


def _host(*hosts: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\n" + b"".join(b"Host: %b\r\n" % host for host in hosts) + b"\r\n"


def _request(line: bytes) -> bytes:
    return line + b"\r\nHost: a\r\n\r\n"


LENGTHS = [
    Case(f"length {value!r}", "RFC 9110 §8.6", _length(value), 400)
    for value in (
        *(b"5, 6", b"5,5", b"+5", b"-1", b"0x5", b"5 5", b"", b"5.", b"5_0", b"\xb2"),
        *(b"9" * 30, b"18446744073709551617", b"5\x0b", b"\x0b5", b"five"),
    )
] + [
    Case(
        "length twice, different",
        "RFC 9112 §6.3",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        400,
    ),
    Case(
        "length twice, equal",
        "RFC 9112 §6.3",
        HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        400,
    ),
]

BOTH = [
    Case(
        "length, then coding",
        "RFC 9112 §6.1; CVE-2024-1135",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    Case(
        "coding, then length",
        "RFC 9112 §6.1; CVE-2024-6827",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        400,
    ),
    Case(
        "coding in 1.0 with length",
        "RFC 9112 §6.1",
        HEAD.replace(b"1.1", b"1.0")
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
]

CODINGS = [
    Case(f"coding {value!r}", "RFC 9112 §6.1; CVE-2025-58068", _coding(value), status)
    for value, status in (
        (b" chunked, identity", 400),
        (b" identity", 501),
        (b" gzip", 501),
        (b" gzip, chunked", 501),
        (b" xchunked", 501),
        (b" chunkedx", 501),
        (b" chunked, chunked", 400),
        (b" ,chunked", 501),
        (b" chunked,", 400),
        (b' "chunked"', 501),
        (b"", 400),
        (b" chunked;a=b", 501),
        (b" chunked\x0b", 400),
        (b" \x0bchunked", 400),
        (b" chunked\x00", 400),
        (b"\r\n chunked", 400),
        (b" chunked\r\nTransfer-Encoding: chunked", 400),
        (b" chunked\r\nTransfer-Encoding: identity", 400),
    )
] + [
    Case("coding in 1.0", "RFC 9112 §6.1", _coding(b" chunked", b"1.0"), 400),
    Case(
        "space before the colon of the coding",
        "RFC 9112 §5.1",
        _coding(b"").replace(b"Encoding:", b"Encoding : chunked"),
        400,
    ),
]

CHUNKS = [
    Case(f"chunk {body[:24]!r}", source, _chunks(body), 400)
    for source, body in (
        *(
            ("RFC 9112 §7.1; CVE-2023-47627", size + b"\r\nhello\r\n0\r\n\r\n")
            for size in (
                *(b"0x5", b"+5", b"-5", b"5_0", b"3 3", b" 5", b"5 ", b"\t5", b"", b"g", b"5\x00"),
                *(b"00000000000000005", b"10000000000000000", b"ffffffffffffffff", b"5;", b"5;\r"),
                *(b"5;a b", b"5;=b", b'5;a="', b"5;a=\x00", b"5;a\x0b=b", b"5;a=b\rc"),
            )
        ),
        ("RFC 9112 §7.1", b"5\r\nhelloX\r\n0\r\n\r\n"),
        ("RFC 9112 §7.1", b"5\r\nhello0\r\n\r\n"),
        ("RFC 9112 §7.1", b"5\r\nhello\r0\r\n\r\n"),
        ("RFC 9112 §2.2; CVE-2025-22871", b"5\nhello\r\n0\r\n\r\n"),
        ("RFC 9112 §2.2; CVE-2025-43859", b"5\r\nhello\n0\r\n\r\n"),
        ("RFC 9112 §2.2", b"5;a=b\nhello\r\n0\r\n\r\n"),
        ("RFC 9112 §2.2", b"5\r\nhello\r\n0\n\n"),
        ("RFC 9112 §7.1.1; gunicorn 25.3", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
        ("RFC 9112 §7.1.1; CVE-2023-39326", b"5;a=" + b"x" * 1_000_000),
        ("RFC 9112 §7.1.1; CVE-2023-39326", (b"1;a=" + b"x" * 2000 + b"\r\nh\r\n") * 20),
        ("RFC 9112 §7.1.2", b"0\r\nbad trailer\r\n\r\n"),
        ("RFC 9112 §7.1.2", b"0\r\nX : a\r\n\r\n"),
        ("RFC 9112 §7.1.2", b"0\r\nX: a\x00\r\n\r\n"),
        ("RFC 9112 §7.1.2", b"0\r\nX: a\r\n folded\r\n\r\n"),
        ("RFC 9112 §7.1.2", b"0\r\n: a\r\n\r\n"),
        ("RFC 9112 §7.1.2", b"0\r\nX: a\n\r\n"),
        ("RFC 9110 §6.5.1; CVE-2026-22815", b"0\r\nContent-Length: 5\r\n\r\n"),
        ("RFC 9110 §6.5.1", b"0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("RFC 9110 §6.5.1", b"0\r\nHost: b\r\n\r\n"),
    )
] + [
    Case("many trailers", "CVE-2026-40898", _chunks(b"0\r\n" + b"X: a\r\n" * 300 + b"\r\n"), 431),
    Case(
        "10 MB of trailers",
        "CVE-2026-22815",
        _chunks(b"0\r\n" + (b"X: " + b"a" * 1000 + b"\r\n") * 10_000),
        431,
    ),
    Case("endless trailer", "CVE-2026-22815", _chunks(b"0\r\nX: " + b"a" * 1_000_000), 431),
]

FIELDS = [
    Case(f"field {line!r}", "RFC 9112 §5, RFC 9110 §5", _line(line), 400)
    for line in (
        *(b"X : a", b"X\t: a", b" X: a", b": a", b"X", b"X(: a", b"X Y: a", b'"X": a', b"X\x00: a"),
        *(b"X\x7f: a", b"X\xe9: a", b"X[]: a", b"X: a\r b", b"X: a\rb", b"X: a\nY: b"),
        *(b"X: a\x00b", b"X: a\x01b", b"X: a\x0bb", b"X: a\x7fb", b"X: a\r\n b", b"X: a\r\n\tb"),
        *(b"X\r: a", b"X\n: a", b"\rX: a", b"X: a\r\r"),
    )
] + [
    Case("fold first", "RFC 9112 §5.2", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    Case("bare LF everywhere", "RFC 9112 §2.2", b"GET / HTTP/1.1\nHost: a\n\n", 400),
    Case(
        "bare LF after the request line", "RFC 9112 §2.2", b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400
    ),
    Case("bare LF at the end", "RFC 9112 §2.2", b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    Case("bare CR at the end", "RFC 9112 §2.2", b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400),
]

HOSTS = [
    Case(f"host {hosts!r}", "RFC 9112 §3.2; CVE-2026-48710", _host(*hosts), 400)
    for hosts in (
        *((), (b"a", b"b"), (b"a", b"a"), (b"",), (b"a/b",), (b"a?b",), (b"a#b",), (b"u@a",)),
        *((b"u:p@a",), (b"a:x",), (b"a:99999",), (b"a:-1",), (b"a:80:80",), (b"a, b",), (b"a b",)),
        *((b"[::1",), (b"::1]",), (b"[::g]",), (b"a\\b",), (b"a\xff",), (b"http://a",), (b"<a>",)),
    )
] + [
    Case("no host but a look-alike", "RFC 9112 §3.2", _line(b"").replace(b"Host:", b"Host_:"), 400)
]

LINES = [
    Case(f"line {line[:32]!r}", "RFC 9112 §3", _request(line), status)
    for line, status in (
        (b"GET  / HTTP/1.1", 400),
        (b"GET /  HTTP/1.1", 400),
        (b"GET / HTTP/1.1 ", 400),
        (b" GET / HTTP/1.1", 400),
        (b"GET\t/\tHTTP/1.1", 400),
        (b"GET / /b HTTP/1.1", 400),
        (b"GET /a\x0bb HTTP/1.1", 400),
        (b"GET /a\x00b HTTP/1.1", 400),
        (b"GET /a\rb HTTP/1.1", 400),
        (b"GET /a\x7fb HTTP/1.1", 400),
        (b"GET\r/ HTTP/1.1", 400),
        (b"GET / HTTP/1.10", 400),
        (b"GET / HTTP/1", 400),
        (b"GET / HTTP/11", 400),
        (b"GET / http/1.1", 400),
        (b"GET / HTTP/1,1", 400),
        (b"GET / HTTP/ 1.1", 400),
        (b"GET / HTTPS/1.1", 400),
        (b"GET / RTSP/1.0", 400),
        (b"GET / ICE/1.0", 400),
        (b"SOURCE / ICE/1.0", 400),
        (b"GET / HTTP/9.9", 505),
        (b"GET / HTTP/0.9", 505),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/1.2", 505),
        (b"PRI * HTTP/2.0", 505),
        (b"GET /", 400),
        (b"GET", 400),
        (b"/ HTTP/1.1", 400),
        (b"G(T / HTTP/1.1", 400),
        (b"G\xe9T / HTTP/1.1", 400),
        (b"M" * 40 + b" / HTTP/1.1", 405),
        (b"CONNECT a:443 HTTP/1.1", 405),
        (b"CONNECT / HTTP/1.1", 405),
        (b"connect a:443 HTTP/1.1", 400),
        (b"GET * HTTP/1.1", 400),
        (b"GET a HTTP/1.1", 400),
        (b"GET a:443 HTTP/1.1", 400),
        (b"GET \\a HTTP/1.1", 400),
        (b"GET ?a HTTP/1.1", 400),
        (b"GET http://u@b/ HTTP/1.1", 400),
        (b"GET http://b:x/ HTTP/1.1", 400),
        (b"GET http:///a HTTP/1.1", 400),
        (b"GET http://b\x80c/ HTTP/1.1", 400),
        (b"GET http:a HTTP/1.1", 400),
        (b"GET ftp://b/ HTTP/1.1", 400),
        (b"GET file:///etc/passwd HTTP/1.1", 400),
        (b"GET /%zz HTTP/1.1", 400),
        (b"GET /%2 HTTP/1.1", 400),
        (b"GET /% HTTP/1.1", 400),
    )
] + [
    Case("many empty lines", "RFC 9112 §2.2", b"\r\n" * 20 + _line(b"X: a"), 400),
    Case(
        "a TLS handshake",
        "RFC 9112 §3",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\r\n\r\n",
        400,
    ),
]

SIZES = [
    Case(
        "1 MB request line",
        "RFC 9112 §3",
        _request(b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1"),
        414,
    ),
    Case("9 kB target", "RFC 9110 §15.5.15", _request(b"GET /" + b"a" * 9_000 + b" HTTP/1.1"), 414),
    Case("1 MB field", "RFC 6585 §5", _line(b"X: " + b"a" * 1_000_000), 431),
    Case("17 kB of fields", "RFC 6585 §5", _line(b"X: " + b"a" * 17_000), 431),
    Case("1 MB name", "RFC 6585 §5", _line(b"X" * 1_000_000 + b": a"), 431),
    Case("10,000 fields", "RFC 6585 §5", _line(b"\r\n".join([b"X: a"] * 10_000)), 431),
    Case("300 fields", "RFC 6585 §5", _line(b"\r\n".join([b"X: a"] * 300)), 431),
    Case("300 dropped fields", "RFC 6585 §5", _line(b"\r\n".join([b"X_Y: a"] * 300)), 431),
    Case("endless head", "RFC 6585 §5", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000, 431),
]

EXPECTATIONS = [
    Case("expects foo", "RFC 9110 §10.1.1", _line(b"Expect: foo"), 417),
    Case("expects more", "RFC 9110 §10.1.1", _line(b"Expect: 100-continue, foo"), 417),
]

WITH_BODIES = [
    Case(
        "two hosts and a body",
        "RFC 9112 §3.2",
        _length(b"5000").replace(b"a\r", b"a\r\nHost: a\r"),
        400,
    ),
    Case("no host and a body", "RFC 9112 §3.2", _length(b"5000").replace(b"Host", b"Hosts"), 400),
    Case("expects foo with a body", "RFC 9110 §10.1.1", _length(b"5000\r\nExpect: foo"), 417),
    Case("bad target with a body", "RFC 9112 §3.2", _length(b"5000").replace(b"/ ", b"/%zz "), 400),
    Case("300 fields and a body", "RFC 6585 §5", _length(b"5000" + b"\r\nX: a" * 300), 431),
    Case("two hosts and chunks", "RFC 9112 §3.2", _coding(b" chunked\r\nHost: a"), 400),
]

CASES = [
    *(LENGTHS + BOTH + CODINGS + CHUNKS + FIELDS),
    *(HOSTS + LINES + SIZES + EXPECTATIONS + WITH_BODIES),
]
