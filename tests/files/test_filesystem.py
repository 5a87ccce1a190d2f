"""File systems other than the disk, as plugins bring them."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec
import pytest

from snake.config.document import Document
from snake.core.errors import ConfigError
from snake.core.modules import Context, Module, decode
from snake.files.content import SMALL
from snake.files.filesystem import Entry, FileInfo, FileSystem
from snake.standard import MODULES
from tests.site import Site

_TIME = 1_577_934_245_000_000_000
_BIG = b"0123456789" * SMALL


class Memory(FileSystem):
    """Files in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def stat(self, name: str) -> FileInfo:
        """Return the size of a file; what others are below is a folder."""
        if name in self._files:
            return _info(stat.S_IFREG | 0o644, len(self._files[name]))
        if name == "." or any(each.startswith(f"{name}/") for each in self._files):
            return _info(stat.S_IFDIR | 0o755, 0)
        raise FileNotFoundError(name)

    def open(self, name: str) -> BinaryIO:
        """Open a file."""
        self.stat(name)
        return io.BytesIO(self._files[name])

    def entries(self, name: str) -> Iterator[Entry]:
        """Yield the files of a folder."""
        prefix = "" if name == "." else f"{name}/"
        for each in self._files:
            if each.startswith(prefix) and "/" not in (rest := each.removeprefix(prefix)):
                yield Entry(rest, self.stat(each))


def _info(mode: int, size: int) -> FileInfo:
    return FileInfo(mode, size, _TIME)


class MemoryModule(Module):
    """The module that brings them."""

    id = "caddy.fs.memory"

    files: dict[str, str] = {}

    async def provision(self, ctx: Context) -> FileSystem:
        """Return the file system."""
        del ctx
        return Memory({name: text.encode() for name, text in self.files.items()})


FILES = {
    "index.html": "<h1>index</h1>",
    "a.txt": "hello world",
    "a.txt.gz": "gz",
    "a.txt.md5": '"5eb6"',
    "dir/b.txt": "b",
    "dir/c.txt": "c",
    "big.bin": _BIG.decode(),
}


def site(*handlers: dict[str, Any], **backend: Any) -> Site:
    """Return a site of these handlers, with the file system `memory`."""
    backend = {"backend": "memory", "files": FILES} | backend
    systems = [{"name": "memory", "file_system": backend}]
    routes = [{"handle": [handler]} for handler in handlers]
    config = {
        "apps": {
            "http": {"servers": {"srv0": {"listen": [":80"], "routes": routes}}},
            "caddy.filesystems": {"filesystems": systems},
        }
    }
    modules = MODULES | {"caddy.fs.memory": f"{__name__}:MemoryModule"}
    return Site(decode(msgspec.json.encode(config), Document), modules)


SERVER = {"handler": "file_server", "fs": "memory"}


async def test_files_come_from_where_they_are() -> None:
    """All that is done with the disk's files is done with those of a plugin."""
    server = SERVER | {
        "browse": {},
        "precompressed": {"gzip": {}},
        "etag_file_extensions": [".md5"],
    }
    async with site(server) as s:
        index = await s.get("/")
        whole = await s.get("/a.txt")
        encoded = await s.get("/a.txt", headers={"accept-encoding": "gzip"})
        part = await s.get("/a.txt", headers={"range": "bytes=2-4"})
        parts = await s.get("/a.txt", headers={"range": "bytes=0-0,2-2"})
        same = await s.get("/a.txt", headers={"if-none-match": '"5eb6"'})
        big = await s.get("/big.bin", extensions={"http.response.pathsend": {}})
        folder = await s.get("/dir/", headers={"accept": "application/json"})
        missing = await s.get("/none")

    assert index.body == b"<h1>index</h1>"
    assert (whole.body, whole.header("etag")) == (b"hello world", '"5eb6"')
    assert whole.header("last-modified") == "Thu, 02 Jan 2020 03:04:05 GMT"
    assert (encoded.body, encoded.header("content-encoding")) == (b"gz", "gzip")
    assert (part.status, part.body) == (206, b"llo")
    assert parts.body.count(b"Content-Range") == 2
    assert (same.status, missing.status) == (304, 404)
    assert big.body == _BIG
    assert [each["name"] for each in msgspec.json.decode(folder.body)] == ["b.txt", "c.txt"]


async def test_matcher_looks_there_too() -> None:
    """The `file` matcher finds files of a plugin, by globs as well."""
    match = {"file": {"fs": "memory", "try_files": ["/none", "/dir/[c-z].*"]}}
    found = {"handler": "static_response", "body": "{http.matchers.file.relative}"}
    rest = {"handler": "static_response", "body": "nothing"}
    async with site(
        {"handler": "subroute", "routes": [{"match": [match], "handle": [found]}]}
    ) as s:
        assert (await s.get("/")).text == "dir/c.txt"
    match["file"]["fs"] = "nobody's"
    routes = [{"match": [match], "handle": [found]}, {"handle": [rest]}]
    async with site({"handler": "subroute", "routes": routes}) as s:
        assert (await s.get("/")).text == "nothing"


async def test_variable_says_which() -> None:
    """Without a name, the variable `fs` has it; nobody's is a 404."""
    name = {"handler": "vars", "fs": "{http.request.header.x-fs}"}
    async with site(name, {"handler": "file_server"}) as s:
        there = await s.get("/a.txt", headers={"x-fs": "memory"})
        nowhere = await s.get("/a.txt", headers={"x-fs": "nobody's"})

    assert there.body == b"hello world"
    assert nowhere.status == 404


async def test_default_is_the_disk() -> None:
    """`default` and no name are the disk."""
    async with site({"handler": "file_server", "fs": "default"}) as s:
        assert (await s.get("/pyproject.toml")).status == 200
        assert (await s.get("/a.txt")).status == 404


async def test_wrong_file_system_is_refused() -> None:
    """A backend that is not there, and a name without one, have their places."""
    with pytest.raises(
        ConfigError, match=r"filesystems/0/file_system: unknown module: caddy.fs.s3"
    ):
        async with site(SERVER, backend="s3"):
            pass
    with pytest.raises(ConfigError, match=r"filesystems/0/file_system/files/index.html"):
        async with site(SERVER, files={"index.html": 5}):
            pass
