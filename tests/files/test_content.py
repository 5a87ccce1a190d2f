"""Sending files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from snake.files.content import CHUNK, PATHSEND, SMALL, FileContent, multipart
from snake.files.ranges import Range
from snake.http.errors import AbortError
from tests.matchers.matching import request

START = {"type": "http.response.start", "status": 200, "headers": []}


class Sent(list[dict[str, Any]]):
    """A `send` that keeps what it is given."""

    async def __call__(self, message: Any) -> None:
        """Keep a message."""
        self.append(dict(message))

    @property
    def body(self) -> bytes:
        """All bodies in one."""
        return b"".join(message.get("body", b"") for message in self)


def write(folder: Path, size: int) -> tuple[str, bytes]:
    """Write a file of this size; return its path and what is in it."""
    path = folder / "file"
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    path.write_bytes(data)
    return str(path), data


def descriptors() -> int:
    """Count the open files of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("size", [0, 1, SMALL])
async def test_small_file_is_one_message(tmp_path: Path, size: int) -> None:
    """A small file goes out in one message after the start, whatever the transport can do."""
    sent = Sent()
    path, data = write(tmp_path, size)
    with FileContent(path) as content:
        await content.send_whole(request(extensions={PATHSEND: {}}), sent, START)

    assert [message["type"] for message in sent[1:]] == ["http.response.body"]
    assert sent.body == data


async def test_big_file_is_sent_by_its_path(tmp_path: Path) -> None:
    """A transport that can send files itself is given the path."""
    sent = Sent()
    path, _ = write(tmp_path, SMALL + 1)
    with FileContent(path) as content:
        await content.send_whole(request(extensions={PATHSEND: {}}), sent, START)

    (message,) = sent[1:]
    assert (message["type"], message["path"]) == (PATHSEND, path)
    assert (message["offset"], message["count"]) == (0, SMALL + 1)


async def test_big_part_is_sent_by_its_place(tmp_path: Path) -> None:
    """A transport that can send files itself is told which part, if it is big."""
    sent = Sent()
    path, data = write(tmp_path, 3 * SMALL)
    scope = request(extensions={PATHSEND: {}})
    with FileContent(path) as content:
        await content.send_part(scope, sent, START, Range(10, 2 * SMALL))
        await content.send_part(scope, sent, START, Range(10, 20))

    assert (sent[1]["type"], sent[1]["offset"], sent[1]["count"]) == (PATHSEND, 10, 2 * SMALL)
    assert sent[3]["body"] == data[10:30]


async def test_big_file_is_sent_in_chunks_elsewhere(tmp_path: Path) -> None:
    """Other transports get the file in chunks, and an empty last message."""
    sent = Sent()
    path, data = write(tmp_path, 2 * CHUNK + 1)
    with FileContent(path) as content:
        await content.send_whole(request(), sent, START)

    assert [len(message["body"]) for message in sent[1:]] == [CHUNK, CHUNK, 1, 0]
    assert sent.body == data


async def test_ranges_are_sent_between_their_headers(tmp_path: Path) -> None:
    """A body of several parts has each range of the file after the text that announces it."""
    sent = Sent()
    path, data = write(tmp_path, 2 * CHUNK)
    ranges = [Range(0, 2), Range(256, CHUNK)]
    mime, pieces = multipart(ranges, b"x/y", 2 * CHUNK)
    boundary = mime.removeprefix(b"multipart/byteranges; boundary=")
    with FileContent(path) as content:
        await content.send_pieces(sent, START, pieces)

    assert sent.body == (
        b"--%b\r\nContent-Range: bytes 0-1/%d\r\nContent-Type: x/y\r\n\r\n" % (boundary, len(data))
        + data[:2]
        + b"\r\n--%b\r\nContent-Range: bytes 256-%d/%d\r\nContent-Type: x/y\r\n\r\n"
        % (boundary, 255 + CHUNK, len(data))
        + data[256 : 256 + CHUNK]
        + b"\r\n--%b--\r\n" % boundary
    )


@pytest.mark.parametrize("size", [100, 3 * CHUNK])
async def test_file_that_shrinks_ends_the_connection(tmp_path: Path, size: int) -> None:
    """What was promised can no longer be kept, and the client must see that."""
    sent = Sent()
    path, _ = write(tmp_path, size)
    with FileContent(path) as content:
        os.truncate(path, 10)
        with pytest.raises(AbortError):
            await content.send_whole(request(), sent, START)


async def test_replaced_file_is_sent_as_it_was(tmp_path: Path) -> None:
    """A file that is replaced while it is sent arrives whole, as it was when it was opened."""
    sent = Sent()
    path, data = write(tmp_path, 2 * CHUNK)
    with FileContent(path) as content:
        (tmp_path / "new").write_text("new")
        os.replace(tmp_path / "new", path)  # noqa: PTH105
        await content.send_whole(request(), sent, START)

    assert sent.body == data


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    """Folders, pipes and devices are refused, without waiting for a writer."""
    os.mkfifo(tmp_path / "pipe")
    before = descriptors()
    for path in (str(tmp_path), str(tmp_path / "pipe"), "/dev/zero"):
        with pytest.raises(IsADirectoryError):
            FileContent(path)
    assert descriptors() == before
