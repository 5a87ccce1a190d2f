"""Bodies that are held for placeholders."""

from __future__ import annotations

import asyncio

import pytest

from snake.http.errors import HandlerError
from snake.http.held_body import MOST, HeldBody
from snake.http.request import Request
from snake.transport.asgi import ClientDisconnectedError, Message
from tests.site import site


class Client:
    """Sends a body in pieces, and then nothing: whoever asks for more waits."""

    def __init__(self, *pieces: bytes, cut: bool = False) -> None:
        self._pieces = list(pieces)
        self._cut = cut

    async def receive(self) -> Message:
        """Return the next piece."""
        if self._pieces:
            piece = self._pieces.pop(0)
            more = self._cut or bool(self._pieces)
            return {"type": "http.request", "body": piece, "more_body": more}
        if not self._cut:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}


def request(client: Client) -> tuple[Request, HeldBody]:
    """Return a request of a client, and its body."""
    held = HeldBody(client.receive)
    asked = Request({"type": "http", "headers": []}, held.receive)
    asked.body = held
    return asked, held


async def test_body_is_told_and_read_again() -> None:
    """The whole body is told, and then whoever asks gets all of it at once."""
    asked, held = request(Client(b"ab", b"", b"\xff"))
    assert held.text == ""
    await held.hold(asked)
    assert (held.text, held.base64) == ("ab\udcff", "YWL/")
    await held.hold(asked)
    assert await asked.receive() == {"type": "http.request", "body": b"ab\xff", "more_body": False}


async def test_body_that_was_read_is_empty() -> None:
    """Nobody waits for a body that somebody has read already."""
    asked, held = request(Client(b"ab"))
    assert (await asked.receive())["body"] == b"ab"
    async with asyncio.timeout(5):
        await held.hold(asked)
    assert held.text == ""


async def test_client_that_leaves() -> None:
    """A body that breaks off ends the request."""
    asked, held = request(Client(b"ab", cut=True))
    with pytest.raises(ClientDisconnectedError):
        await held.hold(asked)


async def test_too_long() -> None:
    """What is held is bounded."""
    asked, held = request(Client(*[b"x" * 1_000_000] * (MOST // 1_000_000 + 1)))
    with pytest.raises(HandlerError) as error:
        await held.hold(asked)
    assert error.value.status == 413


async def test_only_who_needs_it_reads_it() -> None:
    """A body is not read for routes without its placeholders, though others have them."""
    text = "http://localhost {\nrespond /told {http.request.body}\nrespond /untold no\n}"
    async with site(text) as running:
        response = await running.request("POST", "/told", body=b"hello")
        assert response.text == "hello"
        assert (await running.request("POST", "/untold", body=b"hello")).text == "no"
