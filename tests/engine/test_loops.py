"""`workers_runtime thread`: several event loops, each in a thread of one process."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx
import pytest
import websockets

from tests.server import run, running

pytestmark = pytest.mark.slow

ASGI = """
import asyncio, os, threading
async def app(scope, receive, send):
    loop = id(asyncio.get_running_loop())
    if scope["type"] == "lifespan":
        await receive()
        scope["state"]["loop"] = loop
        print("up", loop, flush=True)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("down", loop, flush=True)
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        await send({"type": "websocket.send", "text": message["text"].upper()})
        await send({"type": "websocket.close"})
    else:
        assert scope["state"]["loop"] == loop
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"{os.getpid()} {loop}".encode()})
"""
WSGI = """
import os, threading
def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [f"{os.getpid()} {threading.get_ident()} {len(body)}".encode()]
"""
APART = f"python_path {Path(sys.executable).resolve()}"
"""An interpreter that is another one than snake's venv has, and is there in any case."""
SITE = """http://127.0.0.1:PORT {
	python {
		module_%s main:app
		workers 3
		workers_runtime thread
		%s
	}
}
"""


@pytest.mark.parametrize("place", ["", APART], ids=["embedded", "pooled"])
def test_loops_share_a_process(tmp_path: Path, place: str) -> None:
    """All answers come from one process and from several loops, each with its own lifespan."""
    (tmp_path / "main.py").write_text(ASGI)
    with running(SITE % ("asgi", f"lifespan on\n{place}"), tmp_path) as server:
        found = {tuple(httpx.get(server.url).text.split()) for _ in range(40)}
        assert len({pid for pid, _ in found}) == 1
        assert len(found) > 1
        assert server.stop() == 0
        assert server.output.count("up") == server.output.count("down") == 3


@pytest.mark.parametrize("place", ["", APART], ids=["embedded", "pooled"])
def test_websockets_run_on_each_loop(tmp_path: Path, place: str) -> None:
    """A WebSocket works on whatever loop takes it."""
    (tmp_path / "main.py").write_text(ASGI)
    with running(SITE % ("asgi", f"lifespan on\n{place}"), tmp_path) as server:

        async def talk() -> str:
            async with websockets.connect(f"ws://127.0.0.1:{server.port}/") as socket:
                await socket.send("hi")
                return str(await socket.recv())

        async def many() -> list[str]:
            return await asyncio.gather(*(talk() for _ in range(12)))

        assert asyncio.run(many()) == ["HI"] * 12


def test_wsgi_apps_run_beside_every_loop(tmp_path: Path) -> None:
    """A WSGI app gets whole bodies, in threads of the one process."""
    (tmp_path / "main.py").write_text(WSGI)
    with running(SITE % ("wsgi", ""), tmp_path) as server:
        answers = [httpx.post(server.url, content=b"x" * 100_000).text for _ in range(12)]
        assert {answer.split()[2] for answer in answers} == {"100000"}
        assert {int(answer.split()[0]) for answer in answers} == set(server.workers())


def test_an_app_that_cannot_be_loaded_is_told_once(tmp_path: Path) -> None:
    """The first loop that fails stops the start; the others are not begun."""
    (tmp_path / "main.py").write_text("print('imported', flush=True); 1/0")
    (tmp_path / "Caddyfile").write_text(SITE.replace("PORT", "0") % ("wsgi", ""))
    done = run("run", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("ZeroDivisionError") == 1
    assert done.stdout.count("imported") == 1
