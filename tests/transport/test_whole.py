"""Whole responses, which an app sends at once and without waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from snake.transport.asgi import NOTHING, AbortError, Message, Receive, Scope
from tests.transport.wire import GET, serving

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"


def start(status: int = 200, *fields: tuple[bytes, bytes]) -> Message:
    """Return the start of a response."""
    return {"type": "http.response.start", "status": status, "headers": list(fields)}


def answer(scope: Scope, receive: Receive, send: Any) -> Awaitable[None]:
    """Answer at once, with the path and whether a task runs this."""
    del receive
    text = f"{scope['path']} {asyncio.current_task()}".encode()
    assert send.whole(start(), text)
    return NOTHING


async def test_it_runs_in_no_task() -> None:
    """Nothing is started for a request that is answered when it is there."""
    async with serving(answer) as server, server.client() as client:
        await client.send(GET)
        response = await client.response()

        assert (response.status, response.body) == (200, b"/ None")
        assert response["Content-Length"] == "6"
        assert not server.serving.tasks


@pytest.mark.parametrize("parts", [1, 3, 200])
async def test_requests_that_come_together(parts: int) -> None:
    """Each is answered in turn, bodies that nobody reads in between."""
    requests = b"".join(GET.replace(b"/ ", b"/%d " % n) + POST for n in range(50))
    async with serving(answer) as server, server.client() as client:
        size = len(requests) // parts + 1
        for at in range(0, len(requests), size):
            await client.send(requests[at : at + size])
            await asyncio.sleep(0)
        for number in range(50):
            assert (await client.response()).body == f"/{number} None".encode()
            assert (await client.response()).body == b"/ None"


async def test_many_at_once_leave_others_their_turn() -> None:
    """A client that sends thousands of requests in one go does not hold up another."""
    async with (
        serving(answer) as server,
        server.client() as many,
        server.client() as one,
    ):
        await many.send(GET * 2000)
        await one.send(GET)
        assert (await one.response()).status == 200
        assert server.serving.connections == 2
        for _ in range(2000):
            assert (await many.response()).status == 200


async def test_head_has_no_body() -> None:
    """The length is that of the body which is not sent."""
    async with serving(answer) as server, server.client() as client:
        await client.send(GET.replace(b"GET", b"HEAD") + GET)
        assert (await client.response("HEAD"))["Content-Length"] == "6"
        assert (await client.response()).body == b"/ None"


async def test_what_cannot_be_sent_is_a_500() -> None:
    """What `send` would raise is raised, and the client hears of it."""

    def wrong(scope: Scope, receive: Receive, send: Any) -> Awaitable[None]:
        del scope, receive
        send.whole(start(200, (b"x", b"a\r\nb: c")), b"x")
        return NOTHING

    async with serving(wrong) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).status == 500


async def test_nothing_sent_is_a_500() -> None:
    """An app that says it is done and has not answered is as any other that does not."""

    def silent(scope: Scope, receive: Receive, send: Any) -> Awaitable[None]:
        del scope, receive, send
        return NOTHING

    async with serving(silent) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).status == 500


async def test_abort() -> None:
    """The connection can be closed with no answer from there, too."""

    def abort(scope: Scope, receive: Receive, send: Any) -> Awaitable[None]:
        del scope, receive, send
        raise AbortError

    async with serving(abort) as server, server.client() as client:
        await client.send(GET)
        assert await client.rest() == b""


async def test_a_second_response_is_not_taken() -> None:
    """What was begun otherwise goes on otherwise."""
    taken = []

    async def begun(scope: Scope, receive: Receive, send: Any) -> None:
        del scope, receive
        await send(start())
        taken.append(send.whole(start(201), b"second"))
        await send({"type": "http.response.body", "body": b"first"})
        taken.append(send.whole(start(201), b"third"))

    async with serving(begun) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).body == b"first"
    assert taken == [False, False]


async def test_a_client_that_takes_nothing_is_waited_for() -> None:
    """Requests wait with what they would be answered, as long as their client does not read."""
    answered = 0

    def large(scope: Scope, receive: Receive, send: Any) -> Awaitable[None]:
        nonlocal answered
        del scope, receive
        if send.whole(start(), b"x" * 100_000):
            answered += 1
            return NOTHING
        raise AssertionError("no request begins while the client does not read")

    async with serving(large) as server, server.client() as client:
        await client.send(GET * 500)
        for _ in range(100):
            await asyncio.sleep(0)
        before = answered
        assert before < 500
        for _ in range(500):
            assert len((await client.response()).body) == 100_000
    assert answered == 500
