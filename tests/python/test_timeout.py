"""limit_time: requests whose apps are late, without processes around them."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from snake.app.threads import Threads
from snake.python.timeout import limit_time
from tests.python.serving import asgi, serving, wsgi


async def test_a_request_that_waits_too_long_for_a_thread_is_a_503() -> None:
    """What was never begun may be asked again, `Retry-After` says when; it never is begun."""
    begun = []
    goes_on = threading.Event()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        begun.append(environ["PATH_INFO"])
        goes_on.wait(20)
        start_response("200 OK", [])
        return [b"done"]

    threads = Threads(asyncio.get_running_loop(), 1)
    async with (
        serving(limit_time(wsgi(app, threads=threads), "main:app", 0.5)) as url,
        httpx.AsyncClient() as client,
    ):
        coming = [client.get(f"{url}/{number}", timeout=20) for number in range(4)]
        answers = await asyncio.gather(*coming)
        goes_on.set()
        threads.close()
    assert sorted(answer.status_code for answer in answers) == [503, 503, 503, 504]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert {answer.headers.get("retry-after") for answer in refused} == {"1"}
    assert len(begun) == 1


async def test_an_app_that_does_not_let_itself_be_cancelled_is_late_all_the_same() -> None:
    """The client has its 504; what the app sends after that goes nowhere."""
    refused = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for _ in range(2):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(1)
        try:
            await send({"type": "http.response.start", "status": 200})
        except OSError:
            refused.set()

    async with (
        serving(limit_time(asgi(app), "main:app", 0.2)) as url,
        httpx.AsyncClient() as client,
    ):
        assert (await client.get(url, timeout=20)).status_code == 504
        async with asyncio.timeout(10):
            await refused.wait()


async def test_a_websocket_is_late_before_it_is_accepted_and_never_after() -> None:
    """An app that does not answer the handshake is a 504; an open WebSocket may be silent."""

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["path"] == "/never":
            await asyncio.sleep(10)
        await send({"type": "websocket.accept"})
        await asyncio.sleep(0.6)
        await send({"type": "websocket.send", "text": "after a while"})

    async with serving(limit_time(asgi(app), "main:app", 0.2)) as url:
        address = url.replace("http", "ws")
        async with connect(f"{address}/open") as socket:
            assert await socket.recv() == "after a while"
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{address}/never")
        assert refused.value.response.status_code == 504
