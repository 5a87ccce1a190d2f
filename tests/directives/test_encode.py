"""The encode directive."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from snake.caddyfile.errors import CaddyfileError
from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.http.errors import HandlerError
from snake.http.request import Request
from snake.standard import MODULES
from tests.matchers.matching import request
from tests.site import site

TEXT = b"a line of text\n" * 100
START = {"type": "http.response.start", "status": 200}
HTML = (b"content-type", b"text/html; charset=utf-8")

App = Callable[[Request, Any], Awaitable[None]]


class Answer:
    """What came out of an `encode` around an app."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.messages = messages
        self.bodies = [message.get("body", b"") for message in messages[1:]]

    @property
    def headers(self) -> dict[str, str]:
        """The headers; of equal names the last."""
        return {k.decode(): v.decode() for k, v in self.messages[0]["headers"]}

    @property
    def coding(self) -> str | None:
        """The content coding."""
        return self.headers.get("content-encoding")

    @property
    def text(self) -> bytes:
        """The body, decoded."""
        body = b"".join(self.bodies)
        if self.coding == "gzip":
            return gzip.decompress(body)
        if self.coding == "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(body)
        return body


async def encoded(
    app: App, asked: Request | None = None, accept: str = "gzip", **config: Any
) -> Answer:
    """Run an app below an `encode` of gzip and zstd and gather what it sends."""
    ctx = Context(Registry(MODULES), AsyncExitStack())
    module = {"handler": "encode", "encodings": {"gzip": {}, "zstd": {}}} | config
    raw = msgspec.Raw(msgspec.json.encode(module))
    handler = await ctx.load(raw, namespace="http.handlers", key="handler")
    messages: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        messages.append(dict(message))

    await handler(asked or request(headers={"accept-encoding": accept}), send, app)
    return Answer(messages)


def answering(
    *bodies: bytes, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None
) -> App:
    """Return an app that sends these pieces."""

    async def app(_: Request, send: Any) -> None:
        fields = [HTML] if headers is None else headers
        await send({**START, "status": status, "headers": fields})
        for number, body in enumerate(bodies, 1):
            more = number < len(bodies)
            await send({"type": "http.response.body", "body": body, "more_body": more})

    return app


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, zstd", "zstd"),
        ("gzip, zstd;q=0.5", "gzip"),
        ("br", None),
        ("*", None),
        ("identity", None),
        ("gzip;q=0", None),
        ("gzip, " + "x, " * 100, "gzip"),
    ],
)
async def test_client_gets_what_it_takes(accept: str, coding: str | None) -> None:
    """The coding is the client's favourite, and ours among its equals."""
    answer = await encoded(answering(TEXT), accept=accept)

    assert answer.coding == coding
    assert answer.text == TEXT


async def test_whole_body_has_a_length() -> None:
    """A body that is there as a whole is encoded as a whole, with its length."""
    headers = [HTML, (b"content-length", b"1500"), (b"accept-ranges", b"bytes"), (b"etag", b'"x"')]
    answer = await encoded(answering(TEXT, headers=headers))

    assert answer.headers == {
        "content-type": "text/html; charset=utf-8",
        "content-encoding": "gzip",
        "content-length": str(len(answer.bodies[0])),
        "etag": '"x-gzip"',
        "vary": "Accept-Encoding",
    }


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_stream_arrives_as_it_is_sent(coding: str) -> None:
    """Each piece of a stream can be decoded before the next one is sent."""
    answer = await encoded(answering(TEXT, b"two", b"", b"three", b""), accept=coding)

    assert answer.text == TEXT + b"twothree"
    assert "content-length" not in answer.headers
    decoder: Any = zstandard.ZstdDecompressor().decompressobj()
    if coding == "gzip":
        decoder = zlib.decompressobj(31)
    assert [decoder.decompress(body) for body in answer.bodies] == [
        TEXT,
        b"two",
        b"",
        b"three",
        b"",
    ]


async def test_event_stream_starts_before_its_first_event() -> None:
    """A client of an event stream gets the headers at once, and events of any size encoded."""
    seen: list[int] = []

    async def app(_: Request, send: Any) -> None:
        await send({**START, "headers": [(b"content-type", b"Text/Event-Stream")]})
        seen.append(len(sent))
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await send({"type": "http.response.body"})

    sent: list[Any] = []
    matcher = {"headers": {"Content-Type": ["*"]}}
    ctx = Context(Registry(MODULES), AsyncExitStack())
    module = {"handler": "encode", "encodings": {"gzip": {}}, "match": matcher}
    raw = msgspec.Raw(msgspec.json.encode(module))
    handler = await ctx.load(raw, namespace="http.handlers", key="handler")

    async def send(message: Any) -> None:
        sent.append(message)

    await handler(request(headers={"accept-encoding": "gzip"}), send, app)

    assert seen == [1]
    assert gzip.decompress(b"".join(m["body"] for m in sent[1:])) == b"data: 1\n\n"


@pytest.mark.parametrize(
    "app",
    [
        answering(b"x" * 512),
        answering(b"x", b"y" * 2000),
        answering(TEXT, headers=[(b"content-type", b"image/png")]),
        answering(TEXT, headers=[]),
        answering(TEXT, headers=[HTML, (b"content-encoding", b"br")]),
        answering(TEXT, headers=[HTML, (b"cache-control", b"public, no-transform")]),
        answering(TEXT, status=206),
        answering(b"", status=204),
        answering(b"", status=304),
        answering(b""),
    ],
    ids=["short", "first", "type", "none", "coded", "left", "part", "204", "304", "empty"],
)
async def test_what_does_not_qualify_is_left_alone(app: App) -> None:
    """Short, binary, encoded, partial and empty responses pass as they are."""
    plain = await encoded(app, accept="identity")
    answer = await encoded(app)

    assert answer.coding in (None, "br")
    assert answer.bodies == plain.bodies


async def test_long_body_is_told_by_its_length() -> None:
    """A first piece that is short is encoded when the length promises more."""
    answer = await encoded(answering(b"x", TEXT, headers=[HTML, (b"content-length", b"1501")]))

    assert answer.coding == "gzip"
    assert answer.text == b"x" + TEXT


async def test_head_is_answered_like_get() -> None:
    """HEAD has the headers of the encoded body, without a length, and no body."""
    asked = request(method="HEAD", headers={"accept-encoding": "gzip"})
    answer = await encoded(answering(b"", headers=[HTML, (b"content-length", b"5000")]), asked)

    assert answer.coding == "gzip"
    assert "content-length" not in answer.headers
    assert answer.bodies == [b""]


@pytest.mark.parametrize(
    ("headers", "method"),
    [
        ({"accept-encoding": "gzip", "cache-control": "no-transform"}, "GET"),
        ({"accept-encoding": "gzip", "sec-websocket-key": "x"}, "GET"),
        ({"accept-encoding": "gzip"}, "CONNECT"),
        ({}, "GET"),
    ],
)
async def test_request_may_ask_for_the_bare_body(headers: dict[str, str], method: str) -> None:
    """`no-transform`, WebSocket handshakes, CONNECT and silence get the body as it is."""
    answer = await encoded(answering(TEXT), request(headers=headers, method=method))

    assert answer.coding is None


@pytest.mark.parametrize(
    ("etag", "expected"), [(b'"x"', '"x-gzip"'), (b'W/"x"', 'W/"x"'), (b"", "")]
)
async def test_strong_tag_names_the_coding(etag: bytes, expected: str) -> None:
    """A strong tag is one of these very bytes, so each coding has its own; a weak one stays."""
    answer = await encoded(answering(TEXT, headers=[HTML, (b"etag", etag)]))

    assert answer.headers["etag"] == expected


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ('"x-gzip"', '"x"'),
        ('"x-zstd"', '"x-zstd"'),
        ('W/"x-gzip"', 'W/"x-gzip"'),
        ('"a", "x-gzip"', '"a", "x"'),
    ],
)
async def test_tag_comes_back_as_it_was(sent: str, seen: str) -> None:
    """Who made the tag is asked about it without our addition."""
    found: list[str | None] = []

    async def app(asked: Request, send: Any) -> None:
        found.append(asked.header(b"if-none-match"))
        await answering(b"", status=304, headers=[(b"etag", b'"x"')])(asked, send)

    headers = {"accept-encoding": "gzip", "if-none-match": sent}
    answer = await encoded(app, request(headers=headers))

    assert found == [seen]
    assert answer.headers == {"etag": '"x"', "vary": "Accept-Encoding"}


async def test_headers_set_early_count() -> None:
    """Headers that wait to be merged decide as the response's own, and are changed like them."""
    asked = request(headers={"accept-encoding": "gzip"})
    asked.early = [
        HTML,
        (b"etag", b'"x"'),
        (b"accept-ranges", b"bytes"),
        (b"vary", b"a, accept-encoding"),
    ]
    answer = await encoded(answering(TEXT, headers=[]), asked)

    assert answer.coding == "gzip"
    assert asked.early == [HTML, (b"etag", b'"x-gzip"'), (b"vary", b"a, accept-encoding")]
    assert "vary" not in answer.headers


async def test_failure_sends_nothing() -> None:
    """A response that was started but not sent gives way to the error that follows."""

    async def app(_: Request, send: Any) -> None:
        await send({**START, "headers": [HTML]})
        raise HandlerError(502)

    with pytest.raises(HandlerError):
        await encoded(app)


@pytest.mark.parametrize("size", [10_000, 100_000, 3_000_000])
async def test_file_sent_by_its_path_is_encoded(tmp_path: Path, size: int) -> None:
    """A file that the transport would have read is read and encoded; a short one has a length."""
    data = (TEXT * (1 + size // len(TEXT)))[:size]
    (tmp_path / "file").write_bytes(data)

    async def app(_: Request, send: Any) -> None:
        await send({**START, "headers": [HTML, (b"content-length", str(size).encode())]})
        await send({"type": "http.response.pathsend", "path": str(tmp_path / "file")})

    answer = await encoded(app)

    assert answer.text == data
    assert ("content-length" in answer.headers) is (size < 1_000_000)
    assert not answer.messages[-1].get("more_body")


async def test_file_that_does_not_qualify_is_sent_by_its_path() -> None:
    """The transport sends an image itself."""

    async def app(_: Request, send: Any) -> None:
        headers = [(b"content-type", b"image/png"), (b"content-length", b"100000")]
        await send({**START, "headers": headers})
        await send({"type": "http.response.pathsend", "path": "/x.png"})

    answer = await encoded(app)

    assert answer.messages[1] == {"type": "http.response.pathsend", "path": "/x.png"}


async def test_long_body_is_encoded_in_a_thread() -> None:
    """Bodies of any length come out whole."""
    answer = await encoded(answering(TEXT * 1000, TEXT * 1000))

    assert answer.text == TEXT * 2000


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"encodings": {"lz4": {}}}, "unknown module: http.encoders.lz4"),
        ({"prefer": ["br"]}, "encoding br not enabled"),
        ({"prefer": ["gzip", "gzip"]}, "encoding gzip is duplicated in prefer"),
        ({"encodings": {"gzip": {"level": 99}}}, "encodings/gzip/level: level 99"),
        ({"minimum": 5}, 'unknown field "minimum"; did you mean "minimum_length"'),
    ],
)
async def test_wrong_setting_is_refused(config: dict[str, Any], message: str) -> None:
    """A coding that is not there, and an order that cannot be, are refused with their place."""
    with pytest.raises(ConfigError, match=message):
        await encoded(answering(), **config)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("encode brotli", "unknown coding or subdirective: brotli"),
        ("encode {\ngzpi\n}", 'did you mean "gzip"'),
        ("encode {\nbr fast\n}", 'br: "fast" is no whole number'),
        ("encode {\nbr 4 5\n}", "br takes no argument"),
        ("encode {\nminimum_length\n}", "minimum_length takes a number of bytes"),
        ("encode {\nminimum_length 1k\n}", 'minimum_length: "1k" is no whole number'),
        ("encode {\nmatch path /x\n}", "unrecognized response matcher: path"),
        ("encode {\nmatch status ok\n}", "bad status value ok"),
        ("encode {\nmatch status\n}", "status takes codes"),
        ("encode {\nmatch header A\n}", "expected both field and value"),
    ],
)
def test_wrong_line_is_refused(line: str, message: str) -> None:
    """A wrong word in the Caddyfile has one clear error."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n{line}\n}}\n")


async def test_response_is_encoded_in_a_site() -> None:
    """`encode` alone offers zstd and gzip to whatever answers."""
    async with site(f':80 {{\nencode\nrespond "{"x" * 600}"\n}}\n') as s:
        answer = await s.get("/", headers={"accept-encoding": "gzip"})

    assert answer.header("content-encoding") == "gzip"
    assert gzip.decompress(answer.body) == b"x" * 600
