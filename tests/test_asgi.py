"""The compiled routes as an ASGI app in other servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from snake import asgi
from snake.core.errors import SnakeError
from snake.http.handler import Message

CADDYFILE = """
http://localhost:9080 {
    respond /hello "hi from {http.request.host}"
}
"""


@asynccontextmanager
async def started(app: asgi.Site) -> AsyncIterator[httpx.AsyncClient]:
    """Run the lifespan of an app as a server does, with a client for it."""
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    outbox: asyncio.Queue[Message] = asyncio.Queue()
    inbox.put_nowait({"type": "lifespan.startup"})
    task = asyncio.create_task(app({"type": "lifespan"}, inbox.get, outbox.put))
    assert await outbox.get() == {"type": "lifespan.startup.complete"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    inbox.put_nowait({"type": "lifespan.shutdown"})
    assert await outbox.get() == {"type": "lifespan.shutdown.complete"}
    await task


async def test_a_caddyfile_is_an_asgi_app(tmp_path: Path) -> None:
    """`snake.asgi.load` gives an app that answers as the site does."""
    (tmp_path / "Caddyfile").write_text(CADDYFILE)
    async with started(asgi.load(str(tmp_path / "Caddyfile"))) as client:
        answer = await client.get("/hello")
        assert answer.text == "hi from localhost"
        assert (await client.get("/other")).text == ""


async def test_a_configuration_that_fails_is_a_failed_startup(tmp_path: Path) -> None:
    """What would stop `snake run` is the message of `lifespan.startup.failed`."""
    (tmp_path / "Caddyfile").write_text("http://:9080 {\npython nothere:app\n}")
    app = asgi.load(str(tmp_path / "Caddyfile"))
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)
    assert sent[0]["type"] == "lifespan.startup.failed"
    assert "nothere" in sent[0]["message"]


async def test_a_server_must_be_named_when_there_are_several(tmp_path: Path) -> None:
    """With two servers, `load` wants the name of one."""
    (tmp_path / "Caddyfile").write_text("http://:9080 {\n}\nhttp://:9081 {\nrespond two\n}")
    path = str(tmp_path / "Caddyfile")
    with pytest.raises(SnakeError, match="srv0, srv1"):
        asgi.load(path)
    with pytest.raises(SnakeError, match='no server "x"'):
        asgi.load(path, server="x")
    async with started(asgi.load(path, server="srv1")) as client:
        assert (await client.get("/")).text == "two"
