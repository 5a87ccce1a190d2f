"""`wsgi.file_wrapper`: files that apps hand over."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from snake.app.filewrapper import FileWrapper
from tests.python.serving import serving, wsgi

pytestmark = pytest.mark.usefixtures("way")

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of 256 KB."""
    (tmp_path / "file.bin").write_bytes(CONTENT)
    return tmp_path / "file.bin"


def sending(opened: Any, *headers: tuple[str, str]) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", list(headers))
        return environ["wsgi.file_wrapper"](opened, 8192)

    return app


async def get(app: Any, method: str = "GET") -> httpx.Response:
    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        return await client.request(method, url)


async def test_file_on_disk_arrives_whole_and_is_closed(file: Path) -> None:
    """A file goes out with its length, and is closed when it is out."""
    closed = threading.Event()

    class File(io.FileIO):
        """A file that says when it is closed."""

        def close(self) -> None:
            """Close, and say so."""
            super().close()
            closed.set()

    for opened in (file.open("rb"), File(file)):
        response = await get(sending(opened))

        assert response.content == CONTENT

    assert await asyncio.to_thread(closed.wait, 5)
    assert opened.closed


async def test_file_that_was_read_from_goes_on_there(file: Path) -> None:
    """What the app has read already is not sent."""
    opened = file.open("rb")
    opened.seek(1000)

    assert (await get(sending(opened))).content == CONTENT[1000:]


async def test_file_in_memory_is_sent() -> None:
    """Anything with `read` can be wrapped."""
    assert (await get(sending(io.BytesIO(CONTENT)))).content == CONTENT


async def test_packed_file_is_sent_as_it_reads(tmp_path: Path) -> None:
    """A file object that changes what it reads is not passed by in favour of its file."""
    packed = tmp_path / "file.gz"
    packed.write_bytes(gzip.compress(CONTENT))

    with gzip.open(packed) as opened:
        assert (await get(sending(opened))).content == CONTENT


async def test_shorter_length_counts() -> None:
    """An app that announces a part of a file, and sends that part, is believed."""
    part = sending(io.BytesIO(CONTENT[:500]), ("Content-Length", "500"))

    assert (await get(part)).content == CONTENT[:500]


async def test_head_of_a_file(file: Path) -> None:
    """HEAD gives the file's length and no byte of it."""
    response = await get(sending(file.open("rb")), "HEAD")

    assert response.headers["content-length"] == str(len(CONTENT))
    assert response.content == b""


def test_path_counts_only_while_it_leads_to_the_file(file: Path) -> None:
    """A file that was replaced or deleted after it was opened is read, not sent by its path."""
    with file.open("rb") as opened:
        assert FileWrapper(opened).on_disk() == (str(file), len(CONTENT))
        file.unlink()
        assert FileWrapper(opened).on_disk() is None
        file.write_bytes(b"another")
        assert FileWrapper(opened).on_disk() is None


def test_descriptor_without_a_name_is_read(file: Path) -> None:
    """A file that was opened by its number has no path."""
    with open(os.open(file, os.O_RDONLY), "rb") as opened:  # noqa: PTH123
        assert FileWrapper(opened).on_disk() is None
