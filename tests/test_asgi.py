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
async def started(
    app: asgi.Site, client: tuple[str, int] = ("127.0.0.1", 123)
) -> AsyncIterator[httpx.AsyncClient]:
    """Run the lifespan of an app as a server does, with a client for it."""
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    outbox: asyncio.Queue[Message] = asyncio.Queue()
    inbox.put_nowait({"type": "lifespan.startup"})
    task = asyncio.create_task(app({"type": "lifespan"}, inbox.get, outbox.put))
    assert await outbox.get() == {"type": "lifespan.startup.complete"}
    transport = httpx.ASGITransport(app=app, client=client)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as asking:
        yield asking
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


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("192.0.2.1", "inside 192.0.2.1"),
        ("::ffff:192.0.2.1", "inside 192.0.2.1"),
        ("::ffff:1", "outside ::ffff:1"),
    ],
)
async def test_clients_of_dual_stack_sockets(client: str, expected: str, tmp_path: Path) -> None:
    """Another server may name a client of IPv4 as one of IPv6; ranges are of IPv4 all the same."""
    answers = "respond @in `inside {client_ip}`\nrespond `outside {client_ip}`"
    lines = f"@in remote_ip 192.0.2.0/24\n{answers}"
    (tmp_path / "Caddyfile").write_text(f"http://:9080 {{\n{lines}\n}}")
    async with started(asgi.load(str(tmp_path / "Caddyfile")), (client, 1)) as asking:
        assert (await asking.get("/")).text == expected


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
