"""Flask, Django and FastAPI do here what they do elsewhere."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.python.serving import asgi, listening, serving, under, wsgi

pytestmark = pytest.mark.usefixtures("way")

CONTENT = b"0123456789" * 20_000


@pytest.fixture
def flask(tmp_path: Path) -> Any:
    """A Flask app that uses what depends on the server."""
    from flask import Flask, request, send_file, url_for  # noqa: PLC0415

    (tmp_path / "file.bin").write_bytes(CONTENT)
    app = Flask("test")

    @app.route("/url")
    def url() -> str:
        return url_for("url", _external=True)

    @app.post("/upload")
    def upload() -> dict[str, Any]:
        file = request.files["file"]
        return {"name": file.filename, "size": len(file.read()), "field": request.form["field"]}

    @app.post("/length")
    def length() -> str:
        return str(len(request.get_data()))

    @app.route("/file")
    def file() -> Any:
        return send_file(tmp_path / "file.bin", conditional=True)

    @app.route("/stream")
    def stream() -> Any:
        def lines() -> Iterator[str]:
            for number in range(3):
                yield f"{number}\n"
                time.sleep(0.01)

        return lines()

    @app.route("/after")
    def after() -> str:
        return "after"

    return app


async def test_flask(flask: Any) -> None:
    """URLs, uploads, chunked bodies, files, ranges and streams work in Flask."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 10_000

    async with serving(under("/app", wsgi(flask))) as root, httpx.AsyncClient() as client:
        url = f"{root}/app"
        assert (await client.get(f"{url}/url")).text == f"{url}/url"
        upload = await client.post(
            f"{url}/upload", files={"file": ("a.bin", io.BytesIO(CONTENT))}, data={"field": "v"}
        )
        assert upload.json() == {"name": "a.bin", "size": len(CONTENT), "field": "v"}
        assert (await client.post(f"{url}/length", content=chunks())).text == "200000"
        assert (await client.get(f"{url}/file")).content == CONTENT
        part = await client.get(f"{url}/file", headers={"range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, b"0123456789")
        assert (await client.get(f"{url}/stream")).text == "0\n1\n2\n"
        assert (await client.head(f"{url}/file")).headers["content-length"] == str(len(CONTENT))
        assert (await client.get(f"{url}/after")).text == "after"
        assert (await client.get(f"{url}/none")).status_code == 404


@pytest.fixture
def django(tmp_path: Path) -> Any:
    """A Django project in one file."""
    from django.conf import settings  # noqa: PLC0415
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415
    from django.http import FileResponse, HttpResponse, StreamingHttpResponse  # noqa: PLC0415
    from django.urls import path  # noqa: PLC0415

    (tmp_path / "file.bin").write_bytes(CONTENT)

    def place(request: Any) -> Any:
        return HttpResponse(request.build_absolute_uri())

    def upload(request: Any) -> Any:
        return HttpResponse(str(request.FILES["file"].size))

    def file(_request: Any) -> Any:
        return FileResponse((tmp_path / "file.bin").open("rb"))

    def stream(_request: Any) -> Any:
        return StreamingHttpResponse(iter([b"a", b"b"]))

    routes = {"place": place, "upload": upload, "file": file, "stream": stream}
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True)
    globals()["urlpatterns"] = [path(name, view) for name, view in routes.items()]
    return get_wsgi_application()


async def test_django(django: Any) -> None:
    """URLs, uploads, files and streams work in Django."""
    async with serving(wsgi(django)) as url, httpx.AsyncClient() as client:
        assert (await client.get(f"{url}/place")).text == f"{url}/place"
        upload = await client.post(f"{url}/upload", files={"file": ("a", io.BytesIO(CONTENT))})
        assert upload.text == str(len(CONTENT))
        assert (await client.get(f"{url}/file")).content == CONTENT
        assert (await client.get(f"{url}/stream")).text == "ab"


async def test_fastapi() -> None:
    """Bodies, streams, background tasks and mounted prefixes work in FastAPI."""
    app = FastAPI()
    done: list[int] = []

    async def length(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    async def place(request: Request) -> str:
        return str(request.url_for("place"))

    async def later(tasks: BackgroundTasks) -> str:
        tasks.add_task(done.append, 1)
        return "later"

    async def stream() -> StreamingResponse:
        return StreamingResponse(iter([b"a", b"b"]))

    def blocking() -> str:
        time.sleep(0.01)
        return "slept"

    app.post("/length")(length)
    for endpoint in (place, later, stream, blocking):
        app.get(f"/{endpoint.__name__}")(endpoint)

    async with serving(under("/api", asgi(app))) as root, httpx.AsyncClient() as client:
        url = f"{root}/api"
        assert (await client.get(f"{url}/place")).json() == f"{url}/place"
        assert (await client.post(f"{url}/length", content=CONTENT)).json() == len(CONTENT)
        assert (await client.get(f"{url}/later")).json() == "later"
        assert (await client.get(f"{url}/stream")).text == "ab"
        assert (await client.get(f"{url}/blocking")).json() == "slept"
        assert done == [1]


async def test_closed_websocket_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """A FastAPI app that lets `WebSocketDisconnect` pass, as most do, is not said to have failed.

    It is told the code with which its client closed.
    """
    app = FastAPI()
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @app.websocket("/")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            await websocket.receive_text()
        except WebSocketDisconnect as error:
            ended.set_result(error.code)
            raise

    async with listening(asgi(app)) as port:
        async with connect(f"ws://127.0.0.1:{port}/") as client:
            await client.close(4000)
        assert await asyncio.wait_for(ended, 5) == 4000
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_failed_websocket_is_one_record(caplog: pytest.LogCaptureFixture) -> None:
    """A WebSocket whose app fails closes with 1011, and the log says it once."""
    app = FastAPI()

    @app.websocket("/")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        raise LookupError("in the middle")

    async with listening(asgi(app)) as port, connect(f"ws://127.0.0.1:{port}/") as client:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(client.recv(), 5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert record.__dict__["fields"]["error"] == "LookupError: in the middle"


async def test_cut_off_upload_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """A FastAPI app whose client goes in the middle of a body has not failed."""
    app = FastAPI()
    reading, ended = asyncio.Event(), asyncio.Event()

    @app.post("/")
    async def upload(request: Request) -> None:
        try:
            async for _ in request.stream():
                reading.set()
        finally:
            ended.set()

    async with listening(asgi(app)) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\npart")
        await asyncio.wait_for(reading.wait(), 5)
        writer.transport.abort()
        await asyncio.wait_for(ended.wait(), 5)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
