"""request_body."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from snake.core.modules import Context, Registry
from snake.directives.request_body import RequestBody
from snake.plugin import HandlerError, Message, Next, Request, Send, respond
from tests.directives.adapted import mistake, refusal, warnings
from tests.site import site


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("request_body {\nmax_size\n}", 3, "max_size", "max_size takes one argument, got 0"),
        ("request_body {\nmax_size 1 MB\n}", 3, "MB", "max_size takes one argument, got 2"),
        ("request_body {\nmax_size ten\n}", 3, "ten", 'max_size: invalid size "ten"'),
        ("request_body {\nset\n}", 3, "set", "set takes one text, got 0"),
        ("request_body {\nset a b\n}", 3, "b", "set takes one text, got 2"),
        ("request_body {\nset a {\n}\n}", 3, "set", "set takes no block"),
        ("request_body {\nmax-size 1\n}", 3, "max-size", 'did you mean "max_size"?'),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(lines)

    assert found[:2] == (line, word)
    assert message in found[2]


def test_argument_is_warned_of() -> None:
    """Caddy passes over it, and over the block after it."""
    assert warnings("request_body 10MB {\nset x\n}") == [
        "Caddyfile:2: request_body: 10MB and what follows is ignored"
    ]


async def test_wrong_types() -> None:
    """Its fields are typed."""
    error = await refusal({"handler": "request_body", "max_size": "10MB"})

    assert error.path == "handle/0/max_size"


class Exchange:
    """One request to the directive, and an app behind it that reads the body."""

    def __init__(self, *parts: bytes, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self._parts = list(parts)
        self.sent: list[Message] = []
        self.read = b""
        self.gone = False
        scope = {"type": "http", "method": "POST", "path": "/p", "raw_path": b"/p"}
        self.request = Request({**scope, "headers": list(headers)}, self._receive)

    async def _receive(self) -> Message:
        if not self._parts:
            return {"type": "http.disconnect"}
        body = self._parts.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(self._parts)}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    async def app(self, request: Request, send: Send) -> None:
        """Read all, then answer."""
        more = True
        while more:
            message = await request.receive()
            self.gone = self.gone or message["type"] == "http.disconnect"
            self.read += message.get("body", b"")
            more = message.get("more_body", False)
        await respond(send, 200)

    async def run(self, app: Next, **config: Any) -> None:
        """Run the directive with these settings."""
        async with AsyncExitStack() as stack:
            handler = await RequestBody(**config).provision(Context(Registry({}), stack))
            await handler(self.request, self._send, app)


async def test_body_within_the_limit() -> None:
    """It is read as it comes."""
    exchange = Exchange(b"12345", b"67890")
    await exchange.run(exchange.app, max_size=10)

    assert (exchange.read, exchange.sent[0]["status"]) == (b"1234567890", 200)


async def test_body_beyond_the_limit() -> None:
    """It ends for whoever reads it, whose answer is not sent: the answer is a 413."""
    exchange = Exchange(b"12345", b"678901", b"2")
    with pytest.raises(HandlerError) as raised:
        await exchange.run(exchange.app, max_size=10)

    assert (raised.value.status, exchange.read, exchange.gone) == (413, b"12345", True)
    assert exchange.sent == []


async def test_failure_because_of_the_limit() -> None:
    """An app that fails since its client seems to have gone is a 413 as well."""
    exchange = Exchange(b"12")

    async def app(request: Request, send: Send) -> None:
        await exchange.app(request, send)
        raise ConnectionError

    with pytest.raises(HandlerError, match="larger than 1 bytes"):
        await exchange.run(app, max_size=1)
    with pytest.raises(ConnectionError):
        await Exchange(b"1").run(app, max_size=1)


async def test_answer_that_has_begun_goes_on() -> None:
    """What was answered before the body was too long is what the client gets."""
    exchange = Exchange(b"12")

    async def app(request: Request, send: Send) -> None:
        await respond(send, 201)
        await request.receive()

    await exchange.run(app, max_size=1)
    assert exchange.sent[0]["status"] == 201


async def test_body_that_nobody_reads() -> None:
    """It is as long as it likes to be."""
    async with site(":80 {\n request_body {\n max_size 1\n }\n respond ok\n}") as s:
        response = await s.request("POST", body=b"12", headers={"content-length": "2"})

    assert (response.status, response.text) == (200, "ok")


async def test_other_body() -> None:
    """It takes the place of the client's, and its length is told."""
    framing = [(b"transfer-encoding", b"chunked"), (b"content-length", b"3"), (b"a", b"b")]
    exchange = Exchange(b"123", headers=framing)
    await exchange.run(exchange.app, set="é {http.request.uri.path}")

    assert exchange.read.decode() == "é /p"
    assert exchange.request.headers == [(b"a", b"b"), (b"content-length", b"5")]
    assert (await exchange.request.receive())["type"] == "http.disconnect"


async def test_other_body_has_the_limit_too() -> None:
    """It is replaced before it is counted."""
    exchange = Exchange(b"1")
    with pytest.raises(HandlerError, match="larger than 1 bytes"):
        await exchange.run(exchange.app, set="12", max_size=1)


async def test_websockets_have_no_body() -> None:
    """Their messages are left as they are."""
    exchange = Exchange(b"1")
    exchange.request.scope["type"] = "websocket"
    await exchange.run(exchange.app, set="2")

    assert exchange.read == b"1"
