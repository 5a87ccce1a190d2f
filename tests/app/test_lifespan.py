"""Startup and shutdown of ASGI apps."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from snake.app.lifespan import Lifespan
from snake.core.errors import StartError

COMPLETE = {"type": "lifespan.startup.complete"}
STOPPED = {"type": "lifespan.shutdown.complete"}


def lifespan(app: Any, limit: float | None = 5) -> Lifespan:
    return Lifespan("test:app", app, limit)


async def test_app_hears_of_both_ends() -> None:
    """Startup comes first, shutdown when the block is left; what startup sets is in `state`."""
    heard = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["state"]["pool"] = "open"
        for answer in (COMPLETE, STOPPED):
            heard.append((await receive())["type"])
            await send(answer)

    async with lifespan(app) as running:
        assert running.state == {"pool": "open"}
        assert heard == ["lifespan.startup"]

    assert heard == ["lifespan.startup", "lifespan.shutdown"]


async def refuses(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


async def refuses_and_raises(scope: Any, receive: Any, send: Any) -> None:
    await refuses(scope, receive, send)
    raise LookupError("as Starlette does")


async def raises(_scope: Any, receive: Any, _send: Any) -> None:
    await receive()
    raise LookupError("no database")


async def returns(_scope: Any, receive: Any, _send: Any) -> None:
    await receive()


async def hangs(_scope: Any, receive: Any, _send: Any) -> None:
    await receive()
    await asyncio.sleep(60)


async def babbles(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start"})


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (refuses, 'the app "test:app" refused to start: no database'),
        (refuses_and_raises, "refused to start: no database"),
        (raises, "LookupError: no database"),
        (returns, 'ended its lifespan without "lifespan.startup.complete"'),
        (hangs, "did not finish its lifespan startup within 0.1 seconds"),
        (babbles, "unexpected lifespan message: http.response.start"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_app_that_does_not_start_stops_the_start(app: Any, message: str) -> None:
    """Each way not to start is told apart."""
    with pytest.raises(StartError) as caught:
        async with lifespan(app, 0.1):
            raise AssertionError("it has not started")

    assert message in str(caught.value)


async def test_app_that_fails_later_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A lifespan that ends with an error after startup is in the log, and shutdown goes on."""

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(COMPLETE)
        raise LookupError("lost it")

    async with lifespan(app):
        await asyncio.sleep(0)

    assert [record.message for record in caplog.records] == ["app failed in its lifespan"]


async def test_failed_shutdown_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An app that says its shutdown failed is in the log."""

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(COMPLETE)
        await receive()
        await send({"type": "lifespan.shutdown.failed", "message": "stuck"})

    with caplog.at_level(logging.ERROR):
        async with lifespan(app):
            pass

    assert [record.message for record in caplog.records] == ["app failed to shut down"]
