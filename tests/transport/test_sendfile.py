"""Files as responses: ASGI's `http.response.pathsend`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from snake.transport.asgi import Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.wire import GET, serving, until

LARGE = 5_000_000


def sender(path: Path, headers: Any = ()) -> Any:
    """Return an app that answers with a file."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.pathsend", "path": str(path)})

    return app


@pytest.fixture(params=[0, 10, LARGE])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a file: empty, small or large."""
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * (request.param // 256) + b"x" * (request.param % 256))
    return path


async def test_file(file: Path) -> None:
    """A file is sent whole, with its length, and the connection goes on."""
    content = file.read_bytes()  # noqa: ASYNC240
    async with serving(sender(file)) as server, server.client() as client:
        for _ in range(2):
            await client.send(GET)
            response = await client.response()
            assert response.body == content


async def test_head_of_file(file: Path) -> None:
    """HEAD gets the length alone."""
    size = file.stat().st_size  # noqa: ASYNC240
    async with serving(sender(file)) as server, server.client() as client:
        for _ in range(2):
            await client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            response = await client.response("HEAD")
            assert int(response["content-length"]) == size


async def test_file_has_grown(tmp_path: Path) -> None:
    """Of a file that is longer than the Content-Length just so much is sent."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * LARGE)
    app = sender(path, [(b"content-length", b"100000")])
    async with serving(app) as server, server.client() as client:
        for _ in range(2):
            await client.send(GET)
            assert len((await client.response()).body) == 100_000


@pytest.mark.parametrize(("offset", "count"), [(5, 10), (100_000, 4_000_000)])
async def test_part_of_an_open_file(tmp_path: Path, offset: int, count: int) -> None:
    """Who has a file open may send a part of it, whatever its name is by then."""
    path = tmp_path / "file"
    content = bytes(range(256)) * (LARGE // 256)
    path.write_bytes(content)

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 206})
        with path.open("rb") as file:
            part = {"fd": file.fileno(), "offset": offset, "count": count}
            await send({"type": "http.response.pathsend", "path": "/nonexistent", **part})

    async with serving(app) as server, server.client() as client:
        for _ in range(2):
            await client.send(GET)
            response = await client.response()
            assert response.body == content[offset : offset + count]


@pytest.mark.parametrize("size", [10, LARGE])
async def test_file_has_shrunk(tmp_path: Path, size: int) -> None:
    """A file that is shorter than the Content-Length is a 500."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    app = sender(path, [(b"content-length", b"%d" % (size + 1))])
    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).status == 500


async def test_file_is_missing(tmp_path: Path) -> None:
    """A file that is not there is a 500."""
    async with serving(sender(tmp_path / "none")) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).status == 500


async def test_client_goes_away(tmp_path: Path) -> None:
    """A client that goes away in the middle of a file leaves nothing behind."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 50_000_000)
    async with serving(sender(path)) as server, server.client() as client:
        await client.send(GET)
        await client.reader.readexactly(100_000)
        client.reset()
        await until(lambda: not (server.serving.connections or server.serving.tasks))


async def test_client_takes_nothing(tmp_path: Path) -> None:
    """A client that does not take the file is cut off."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 50_000_000)
    settings = Settings(write_idle_timeout=0.1)
    async with serving(sender(path), settings) as server, server.client() as client:
        await client.send(GET)
        await client.reader.readexactly(1)
        await until(lambda: not (server.serving.connections or server.serving.tasks))
