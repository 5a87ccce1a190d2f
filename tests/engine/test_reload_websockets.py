"""WebSockets over a reload: how long the old generation keeps them, in real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from time import monotonic

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.server import running

pytestmark = pytest.mark.slow

APP = """
import os

async def app(scope, receive, send):
    assert scope["type"] == "websocket", scope["type"]
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": f"{message['text']} {os.getpid()}"})
"""
SITE = f"""
{{
	admin off
	grace_period 3s
}}
:PORT {{
	handle /kept {{
		reverse_proxy 127.0.0.1:UPSTREAM {{
			stream_close_delay 4s
		}}
	}}
	handle /proxied {{
		reverse_proxy 127.0.0.1:UPSTREAM
	}}
	handle /pool {{
		python {{
			module_asgi main:app
			workers 1
			python_path {os.path.realpath(sys.executable)}
		}}
	}}
	python {{
		module_asgi main:app
		workers 1
	}}
}}
"""
PATHS = ("/kept", "/proxied", "/pool", "/worker")


async def mirror(ws: ServerConnection) -> None:
    """Be an upstream."""
    async for message in ws:
        await ws.send(message)


async def lasts(ws: ClientConnection, since: float) -> tuple[float, int]:
    """Speak as long as it lasts; return for how long that was, and the code of its end."""
    try:
        while True:
            await ws.send("again")
            assert str(await ws.recv()).startswith("again")
            await asyncio.sleep(0.05)
    except ConnectionClosed as error:
        return monotonic() - since, error.rcvd.code if error.rcvd else 1006


async def test_each_ends_in_its_time(tmp_path: Path) -> None:
    """Apps have theirs until shortly before the grace period ends, wherever they run.

    A proxied one ends at once, or after the delay that its proxy gives it: beyond the grace
    period, too, as with Caddy. New ones are the new generation's.
    """
    (tmp_path / "main.py").write_text(APP)
    async with serve(mirror, "127.0.0.1", 0) as up:
        config = SITE.replace("UPSTREAM", str(next(iter(up.sockets)).getsockname()[1]))
        with running(config, tmp_path) as server:
            url = f"ws://127.0.0.1:{server.port}"
            sockets = [await connect(url + path) for path in PATHS]
            await sockets[-1].send("who")
            old = await sockets[-1].recv()
            began = monotonic()
            lasting = [asyncio.create_task(lasts(ws, began)) for ws in sockets]
            server.send(signal.SIGUSR1)
            await asyncio.to_thread(server.wait_for, "reloaded the configuration")
            took = monotonic() - began
            async with connect(f"{url}/worker") as new:
                await new.send("who")
                assert await new.recv() != old
            kept, proxied, pool, worker = await asyncio.gather(*lasting)
    assert kept[1] == proxied[1] == 1001
    assert pool[1] == worker[1] == 1012
    assert proxied[0] < took + 1
    assert 1.8 < worker[0] < took + 3
    assert 1.8 < pool[0] < took + 3
    assert 3.9 < kept[0] < took + 5
