"""The body of a request to the admin API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from snake.admin import request as module
from snake.admin.answer import APIError
from snake.admin.request import Request
from snake.transport.asgi import ClientDisconnectedError, Message, Receive, Scope

SCOPE: Scope = {
    "method": "POST",
    "path": "/load",
    "raw_path": b"/load",
    "query_string": b"",
    "headers": [],
    "client": None,
}


def receiving(*messages: Message) -> Receive:
    """Return what gives these messages, one after the other."""
    left: Iterator[Message] = iter(messages)

    async def receive() -> Message:
        return next(left)

    return receive


def part(data: bytes, *, more: bool = True) -> Message:
    """Return a part of a body."""
    return {"type": "http.request", "body": data, "more_body": more}


async def test_a_body_is_joined() -> None:
    """Its parts are one, however many they are; it may be asked for again."""
    request = Request(SCOPE, receiving(part(b"ab"), part(b""), part(b"c", more=False)))

    assert [await request.body(), await request.body()] == [b"abc", b"abc"]


@pytest.mark.parametrize("size", [8, 9])
async def test_a_body_of_unknown_length_has_an_end(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many bytes as may be are taken, and one more is not."""
    monkeypatch.setattr(module, "LARGEST_BODY", 8)
    monkeypatch.setattr(module, "_SMALL", 3)
    parts = [part(b"x") for _ in range(size)]
    request = Request(SCOPE, receiving(*parts, part(b"", more=False)))

    expected = nullcontext() if size <= 8 else pytest.raises(APIError, match="body too large")
    try:
        with expected:
            assert await request.body() == b"x" * size
    finally:
        request.release()


async def test_a_client_may_go_away() -> None:
    """Half a configuration is none."""
    request = Request(SCOPE, receiving(part(b"{"), {"type": "http.disconnect"}))

    with pytest.raises(ClientDisconnectedError):
        await request.body()


async def test_only_so_many_large_bodies_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is read when one before it is answered."""
    monkeypatch.setattr(module, "_SMALL", 3)
    parts = part(b"12345"), part(b"", more=False)
    requests = [Request(SCOPE, receiving(*parts)) for _ in range(3)]

    await requests[0].body()
    await requests[1].body()
    third = asyncio.create_task(requests[2].body())
    await asyncio.sleep(0.01)
    waits = not third.done()
    requests[0].release()
    body = await third
    for request in requests:
        request.release()

    assert (waits, body) == (True, b"12345")
