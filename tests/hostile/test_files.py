"""Files, ranges and names that were made to be served wrongly."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import msgspec
import pytest

from tests.hostile.sites import MEGABYTE, ask, served, write_root
from tests.transport.wire import Server, until


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a site."""
    return write_root(tmp_path)


async def test_what_is_no_file_is_not_there(root: Path) -> None:
    """Pipes, sockets and devices are a 404 at once, a folder as a file too."""
    os.mkfifo(root / "pipe")
    for name in ("zero", "null", "random", "tty"):
        (root / name).symlink_to(f"/dev/{name}")
    (root / "folder.txt").mkdir()
    (root / "loop").symlink_to("loop")
    lines = "file_server {\nprecompressed gzip\netag_file_extensions .etag\n}"
    async with served(root, lines) as server:
        for name in ("pipe", "zero", "null", "random", "folder.txt"):
            async with asyncio.timeout(5), server.client() as client:
                assert (await ask(client, f"/{name}")).status == 404
        async with server.client() as client:
            assert (await ask(client, "/loop")).status == 400


async def test_what_stands_beside_a_file_is_a_file(root: Path) -> None:
    """A pipe in the place of a sidecar or a tag does not hold the request."""
    os.mkfifo(root / "a.txt.gz")
    os.mkfifo(root / "a.txt.etag")
    lines = "file_server {\nprecompressed gzip\netag_file_extensions .etag\n}"
    async with served(root, lines) as server, asyncio.timeout(5), server.client() as client:
        answer = await ask(client, "/a.txt", "GET", "Accept-Encoding: gzip")

    assert (answer.status, answer.body) == (200, b"a")


@pytest.mark.parametrize("lines", ["file_server", "encode gzip\nfile_server"])
async def test_file_that_becomes_shorter(root: Path, lines: str) -> None:
    """The client of a file that is truncated meanwhile sees that it has not all of it."""
    path = root / "big.txt"
    path.write_bytes(os.urandom(30 * MEGABYTE))
    async with served(root, lines) as server, server.client() as client:
        await client.send(b"GET /big.txt HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
        await client.reader.readexactly(MEGABYTE)
        os.truncate(path, 2 * MEGABYTE)
        rest = await client.rest()
        assert not rest.endswith(b"0\r\n\r\n")
        assert len(rest) < 29 * MEGABYTE
        await until(lambda: not server.serving.tasks)
        async with server.client() as other:
            assert (await ask(other, "/a.txt")).body == b"a"


@pytest.mark.parametrize("how", ["replaced", "deleted", "longer"])
async def test_file_that_changes_while_it_is_sent(root: Path, how: str) -> None:
    """What was opened is what arrives, whole, whatever becomes of its name."""
    path, before = root / "big.bin", (root / "big.bin").read_bytes()
    async with served(root, "file_server") as server, server.client() as client:
        await client.send(b"GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.reader.readuntil(b"\r\n\r\n")
        if how == "replaced":
            (root / "new").write_bytes(b"new" * MEGABYTE)
            os.replace(root / "new", path)  # noqa: PTH105
        elif how == "deleted":
            path.unlink()
        else:
            with path.open("ab") as file:
                file.write(b"more")
        body = await client.reader.readexactly(len(before))
        assert body == before
        answer = await ask(client, "/a.txt")

    assert answer.body == b"a"


async def test_changed_file_is_seen_at_once(root: Path) -> None:
    """Nothing of a file is kept: the next request gets what it is by then."""
    path = root / "now.txt"
    async with served(root, "file_server") as server, server.client() as client:
        for number in range(50):
            path.write_text(str(number))
            os.utime(path, ns=(number * 10**9 + 10**10, number * 10**9 + 10**10))
            answer = await ask(client, "/now.txt")
            assert answer.body == str(number).encode()
        path.unlink()
        assert (await ask(client, "/now.txt")).status == 404


async def test_million_ranges_are_refused(root: Path) -> None:
    """A header of a million ranges is too long."""
    async with served(root, "file_server") as server, server.client() as client:
        answer = await ask(client, "/big.bin", "GET", f"Range: bytes={'0-0,' * 1_000_000}0-0")

    assert answer.status == 431


@pytest.mark.parametrize(
    ("ranges", "status"),
    [
        ("0-," * 5000 + "0-", 200),  # overlapping: more than the file
        ("-30000000," * 1500, 200),
        ("0-0," * 3500 + "0-0", 206),
        ("29999999-," * 1400, 206),
        ("," * 15_000, 200),
        ("99999999-," * 1400, 416),
        (" " * 15_000 + "0-0", 206),
        ("0" * 15_000 + "1-1", 206),
        ("9" * 15_000 + "-", 416),
        ("1" * 15_000, 416),
        ("-" * 15_000, 416),
    ],
)
async def test_many_ranges_cost_little(root: Path, ranges: str, status: int) -> None:
    """As many ranges as a header has room for are answered in no time, with less than the file."""
    async with served(root, "file_server") as server, server.client() as client:
        began = time.perf_counter()
        answer = await ask(client, "/big.bin", "GET", f"Range: bytes={ranges}")
        took = time.perf_counter() - began

    assert answer.status == status
    assert status == 200 or len(answer.body) < MEGABYTE
    assert took < 2


@pytest.mark.parametrize(
    "field",
    [
        "If-None-Match: " + '"x",' * 3500,
        "If-None-Match: " + "W/" * 7000,
        "If-None-Match: " + '"' * 15_000,
        "If-None-Match: " + "," * 15_000,
        "If-Match: " + '"x" ' * 3500,
        "If-Modified-Since: " + "1" * 15_000,
        "If-Range: " + '"' * 15_000,
        "Accept-Encoding: " + "gzip;q=0.5," * 1300,
        "Accept-Encoding: " + ";" * 15_000,
        "Accept-Encoding: " + "gzip;q=" + "9" * 15_000,
        "Accept: " + "application/json," * 800,
    ],
)
async def test_long_conditions_cost_little(root: Path, field: str) -> None:
    """No field of a request makes work that grows faster than it."""
    lines = "encode\nfile_server browse {\nprecompressed\n}"
    async with served(root, lines) as server, server.client() as client:
        began = time.perf_counter()
        for target in ("/a.txt", "/"):
            answer = await ask(client, target, "GET", field, "Range: bytes=0-0")
            assert answer.status in (200, 206, 304, 412)
        took = time.perf_counter() - began

    assert took < 2


async def test_names_in_a_list_are_text_and_nothing_else(root: Path) -> None:
    """Line breaks, markup and bytes that are no text are harmless in each form of a list."""
    folder = root / "odd"
    folder.mkdir()
    names = [
        b"<script>alert(1)<",
        b'"><img src=x onerror=alert(1)>',
        b"new\nline",
        b"tab\tname",
        b"\xff\xfe",
        b"\xe2\x80\xaegpj.exe",
        b"javascript:alert(1)",
        b"{{ 7*7 }}",
        b"{http.request.host}",
        b"\x1b[31mred",
        b"--><!--",
        b"<title>",
        b" ",
        b"...",
    ]
    for name in names:
        (folder / os.fsdecode(name)).touch()
    async with served(root, "file_server browse") as server, server.client() as client:
        page = (await ask(client, "/odd/")).body.decode()
        grid = (await ask(client, "/odd/?layout=grid&filter=%3Cscript%3E")).body.decode()
        json = (await ask(client, "/odd/", "GET", "Accept: application/json")).body
        text = (await ask(client, "/odd/", "GET", "Accept: text/plain")).body

    for html in (page, grid):
        assert html.count("<script>") == 1
        assert "<img" not in html
        assert "49" not in html.split("<main>")[1]
        assert "{http.request.host}" in html or html is grid
        assert 'href="javascript:' not in html
    assert b"<" not in json
    assert len(text.splitlines()) == len(names) + 2
    assert b"\x1b" not in text


async def test_every_listed_file_can_be_had(root: Path) -> None:
    """The addresses in a list lead to the files that they are for."""
    folder = root / "odd"
    folder.mkdir()
    for name in ("a b", "a%20b", "q?x", "h#x", "new\nline", "c:d", "é", "<b>", "'", "\\", "+", ";"):
        (folder / name).write_text(name)
    async with served(root, "file_server browse") as server, server.client() as client:
        listing = await ask(client, "/odd/", "GET", "Accept: application/json")
        for item in msgspec.json.decode(listing.body):
            answer = await ask(client, f"/odd/{item['url'].removeprefix('./')}")
            assert answer.body.decode() == item["name"]


async def test_descriptors_are_given_back(root: Path) -> None:
    """Clients that go away in the middle of files leave no file open."""

    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    async def leave(server: Server, count: int) -> None:
        for _ in range(count):
            for fields in (
                b"",
                b"Range: bytes=1-20000000\r\n",
                b"Range: bytes=0-9,20-29999999\r\n",
            ):
                async with server.client() as client:
                    await client.send(b"GET /big.bin HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")
                    await client.reader.readexactly(1000)
                    client.reset()
        await until(lambda: not server.serving.tasks)

    async with served(root, "encode gzip\nfile_server {\nprecompressed\n}") as server:
        await leave(server, 1)  # the loop opens what it needs itself
        before = descriptors()
        await leave(server, 20)
        await until(lambda: descriptors() <= before)
