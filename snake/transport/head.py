"""HeadReader: the head of a request, from bytes to what the transport needs to know of it.

A head is given whole, from the first byte of its request line to the empty line, so that one
reader serves all connections of a listener. httptools splits and checks it. What httptools lets
pass and the RFCs do not is refused here (two spaces in the request line, two Hosts, a coding that
is not `chunked`), and what it refuses although Caddy takes it (methods it has not heard of, bytes
above 127 in the target) is read a second time.
"""

from __future__ import annotations

import re

import httptools

from snake.transport.asgi import decode_path
from snake.transport.names import TOKEN, RequestNames
from snake.transport.refusal import RefusedError
from snake.transport.settings import Settings
from snake.transport.target import check_host, check_path, origin_form, quote_path

REQUEST_LINE = re.compile(rb"([^ ]+) ([^\x00-\x20\x7f]+) HTTP/(\d)\.(\d)\r\n")
LONGEST_METHOD = 32
"""Caddy answers 405 to a longer one."""

CHUNKED = -1
"""The length of a body that comes in chunks."""

_SPECIAL = frozenset(
    {b"connection", b"content-length", b"transfer-encoding", b"expect", b"upgrade"}
)
_OF_ONE_REQUEST = _SPECIAL - {b"connection"}
"""Fields that speak of this request's body, or of what follows it."""
_ONCE = (b"host", b"content-length", b"transfer-encoding")
_LARGEST = 2**63 - 1
"""The longest body that all programs can count."""
_EMPTY_LINES = 2
"""Empty lines that may stand before a request (RFC 9112 §2.2 asks for one)."""
_MOST_HOSTS = 1024
_MOST_KNOWN = 128
_LONGEST_KEPT = 2048
_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@%/?"
"""What a path and a query are made of (RFC 3986 §3.3)."""
_STAND_IN = b"GET / HTTP/1.1\r\n"
_SLASH, _QUESTION, _PERCENT = b"/?%"
"""As numbers: bytes are searched for a number five times as fast as for bytes."""


class HeadReader:
    """Reads one head after another; its attributes tell of the last one."""

    __slots__ = (
        "_hosts",
        "_known",
        "_names",
        "_parser",
        "_settings",
        "_surely_small",
        "expects",
        "headers",
        "http11",
        "keep_alive",
        "length",
        "method",
        "odd_target",
        "path",
        "query",
        "raw_path",
        "target",
        "websocket",
    )

    headers: list[tuple[bytes, bytes]]
    """The fields in the order sent, names in lower case, values without the space around them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = RequestNames(settings)
        self._hosts: set[bytes | None] = set()
        self._known: dict[bytes, tuple[list[tuple[bytes, bytes]], bool]] = {}
        # A field takes 4 bytes at least, so that most heads need not be looked at closely.
        self._surely_small = min(
            settings.max_target_bytes, settings.max_header_bytes, 4 * settings.max_header_count
        )
        self._parser = httptools.HttpRequestParser(self)
        self.headers = []
        self.method: bytes = b""
        self.target: bytes = b""
        """In origin-form, or `*`."""
        self.raw_path: bytes = b""
        """The target without its query."""
        self.query: bytes = b""
        self.odd_target: bytes = b""
        """The target as sent, where that is not what path and query make; see `asgi.TARGET`."""
        self.path = ""
        """The path decoded; bytes that are not UTF-8 are kept as surrogates."""
        self.http11 = True
        self.keep_alive = True
        self.length = 0
        """Of the body that follows, in bytes; `CHUNKED` if only its chunks will tell."""
        self.expects = False
        """Whether the client waits for a `100 Continue` before it sends the body."""
        self.websocket = False
        """Whether the client asks for a WebSocket."""

    # What httptools calls ---------------------------------------------------

    def on_url(self, url: bytes) -> None:
        """Take the request target."""
        self.target = url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one field."""
        key = self._names[name]
        if key:
            self.headers.append((key, value))

    # What the connection calls ----------------------------------------------

    def read(self, head: bytes) -> None:
        """Read a head. Raises `RefusedError`."""
        end = head.find(b"\r\n")
        known = self._known.get(head[end:])
        if known is not None and self._read_line(head[:end]):
            self.headers = known[0].copy()
            self.keep_alive = known[1]
            self.http11 = True
            self.length = 0
            self.expects = self.websocket = False
            return
        try:
            self._read_all(head, end)
        except Exception:
            # It may wait for a body, and is not to find it in the next client's head.
            self._parser = httptools.HttpRequestParser(self)
            raise

    def _read_line(self, line: bytes) -> bool:
        """Read a request line if there is nothing unusual about it."""
        parts = line.split(b" ")
        if len(parts) != 3 or parts[2] != b"HTTP/1.1" or parts[0] not in _METHODS:  # noqa: PLR2004
            return False
        target = parts[1]
        if target.translate(None, _PLAIN) or not target.startswith(b"/"):
            return False
        if len(target) > self._surely_small:
            return False
        self.method = parts[0]
        self.target = target
        self._split_target()
        return True

    def _read_all(self, head: bytes, end: int) -> None:
        """Read a head of which nothing is known."""
        self._split(head)
        if len(head) > self._surely_small:
            self._check_size(head)
        headers = self.headers
        if head.find(b" \r\n") > 0 or head.find(b"\t\r\n") > 0:  # `in` takes six times as long
            headers[:] = [(name, value.rstrip(b" \t")) for name, value in headers]
        fields = dict(headers)
        if len(fields) != len(headers):
            self._check_repeated()
        self.length = 0
        self.expects = self.websocket = False
        self.keep_alive = self.http11
        if not _SPECIAL.isdisjoint(fields):
            self._read_special(fields)
            self._parser = httptools.HttpRequestParser(self)
        if fields.get(b"host") not in self._hosts:
            self._learn_host(fields.get(b"host"))
        if self.http11 and self.target[0] == _SLASH and _OF_ONE_REQUEST.isdisjoint(fields):
            self._learn(head[end:])
        self._split_target()

    def _learn(self, block: bytes) -> None:
        """Know these fields when they come again: a client mostly sends the same ones each time.

        (HTTP/2 has its header table for the same reason.) A block is all the bytes after the
        request line, so that there are no two ways to read it.
        """
        if len(block) <= _LONGEST_KEPT and block.startswith(b"\r\n"):
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[block] = self.headers.copy(), self.keep_alive

    def _split(self, head: bytes) -> None:
        """Read the request line and the fields."""
        self.headers = []
        parser = self._parser
        try:
            parser.feed_data(head)
        except httptools.HttpParserUpgrade:
            self._split_carefully(head, None)
        except httptools.HttpParserError as error:
            self._split_carefully(head, error)
        else:
            self.method = method = parser.get_method()
            if head.startswith(b" HTTP/1.1\r\n", len(method) + len(self.target) + 1):
                self.http11 = True
            else:
                self._split_carefully(head, None)

    def rewritten(self) -> bytes:
        """Return the head as it was understood, for another parser to understand it the same."""
        lines = [b"%b %b HTTP/1.1" % (self.method, self.target)]
        lines += [b"%b: %b" % field for field in self.headers]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _split_carefully(self, head: bytes, error: httptools.HttpParserError | None) -> None:
        """Read the request line here, and have httptools read the fields under another one.

        `error` is what httptools said of the whole; it stands unless the request line was at fault.
        """
        self._parser = httptools.HttpRequestParser(self)
        head = head[skip_empty_lines(head, 0) :]
        line = REQUEST_LINE.match(head)
        if line is None or not TOKEN.fullmatch(line[1]):
            raise RefusedError(400)
        if line[3] != b"1" or line[4] not in b"01":
            raise RefusedError(505, "unsupported protocol version")
        if len(line[1]) > LONGEST_METHOD or line[1] == b"CONNECT":
            raise RefusedError(405)
        self.headers = []
        try:
            httptools.HttpRequestParser(self).feed_data(_STAND_IN + head[line.end() :])
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError as again:
            raise _refused(again) from error
        self.method, self.target = line[1], quote_path(line[2])
        self.http11 = line[4] == b"1"

    def _check_repeated(self) -> None:
        names = [name for name, _ in self.headers]
        for name in _ONCE:
            if names.count(name) > 1:
                raise RefusedError(400)

    def _check_size(self, head: bytes) -> None:
        """Refuse a head that is too much in any way."""
        settings = self._settings
        if len(self.target) > settings.max_target_bytes:
            raise RefusedError(414)
        if len(head) > settings.max_header_bytes:
            raise RefusedError(431)
        most = settings.max_header_count
        if head.count(b"\n") > most + 2:
            raise RefusedError(431)

    def _read_special(self, fields: dict[bytes, bytes]) -> None:
        """Read the fields that say how this message ends and what follows it."""
        coding = fields.get(b"transfer-encoding")
        if coding is not None:
            if not self.http11:  # RFC 9112 §6.1: framing that a 1.0 client does not have
                raise RefusedError(400, "Transfer-Encoding in HTTP/1.0")
            if coding.lower() != b"chunked":
                raise RefusedError(501, "unsupported transfer encoding")
            self.length = CHUNKED
        elif b"content-length" in fields:
            self.length = int(fields[b"content-length"])  # httptools let only digits pass
            if self.length > _LARGEST:
                raise RefusedError(400)
        options = self._connection_options() if b"connection" in fields else ()
        self.keep_alive = b"close" not in options and (self.http11 or b"keep-alive" in options)
        expectation = fields.get(b"expect")
        if expectation and self.http11:
            if expectation.lower() != b"100-continue":
                raise RefusedError(417)
            self.expects = self.length != 0
        if b"upgrade" in options and self.http11 and self.method == b"GET" and not self.length:
            self.websocket = self._settings.websockets and _is_handshake(fields)

    def _connection_options(self) -> list[bytes]:
        values = b",".join(value for name, value in self.headers if name == b"connection")
        return [option.strip(b" \t") for option in values.lower().split(b",")]

    def _learn_host(self, host: bytes | None) -> None:
        """Check a Host that was not seen yet, and know it from now on."""
        if host is None:
            if self.http11:
                raise RefusedError(400, "missing required Host header")
            return
        check_host(host)
        if len(self._hosts) >= _MOST_HOSTS:
            self._hosts.clear()
        self._hosts.add(host)

    def _split_target(self) -> None:
        """Find path and query."""
        self.odd_target = b""
        if self.target[0] != _SLASH:
            self.odd_target = self.target
            self._use_authority()
        raw_path = self.target
        self.query = b""
        if _QUESTION in raw_path:
            raw_path, _, self.query = raw_path.partition(b"?")
            if not self.query:
                self.odd_target = self.odd_target or self.target
        self.raw_path = raw_path
        if _PERCENT in raw_path:
            check_path(raw_path)
            self.path = decode_path(raw_path)
        else:
            self.path = raw_path.decode()

    def _use_authority(self) -> None:
        """Let the target's authority take the place of Host (RFC 9112 §3.2.2)."""
        if self.method == b"CONNECT":  # this server is no tunnel
            raise RefusedError(405)
        authority, self.target = origin_form(self.method, self.target)
        if authority:
            others = (field for field in self.headers if field[0] != b"host")
            self.headers = [(b"host", authority), *others]


def skip_empty_lines(data: bytes, at: int) -> int:
    """Return where a head begins that may begin at `at`."""
    for _ in range(_EMPTY_LINES):
        if data.startswith(b"\r\n", at):
            at += 2
    return at


def _is_handshake(fields: dict[bytes, bytes]) -> bool:
    """Whether a GET with an upgrade is the handshake of a WebSocket (RFC 6455 §4.1)."""
    return (
        fields.get(b"upgrade", b"").lower() == b"websocket"
        and fields.get(b"sec-websocket-version") == b"13"
        and bool(fields.get(b"sec-websocket-key"))
        and fields.get(b"sec-websocket-protocol", b"").isascii()
        and fields.get(b"sec-websocket-extensions", b"").isascii()
    )


def _refused(error: httptools.HttpParserError) -> RefusedError:
    """Return the refusal for what httptools found in the fields."""
    if "Request has invalid `Transfer-Encoding`" in str(error):
        return RefusedError(501, "unsupported transfer encoding")
    return RefusedError(400)
