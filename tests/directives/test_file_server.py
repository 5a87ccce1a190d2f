"""The file_server directive: names, conditions, ranges and headers."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.directives.static_site import ETAG, NOBODY, serving, write_files
from tests.site import Site, site_of_routes

Serve = Callable[..., Site]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a site of a few files."""
    return write_files(tmp_path)


@pytest.fixture
def serve(root: Path) -> Serve:
    """Return a function that makes a site of `file_server` with these settings."""
    return partial(serving, root)


async def test_file_is_sent_with_what_describes_it(serve: Serve) -> None:
    """A file comes with its type, length, validators and what caches need."""
    async with serve() as s:
        answer = await s.get("/a.txt?x=1")

    assert (answer.status, answer.body) == (200, b"hello world")
    assert dict(answer.fields) == {
        "accept-ranges": "bytes",
        "content-length": "11",
        "content-type": "text/plain; charset=utf-8",
        "etag": ETAG,
        "last-modified": "Thu, 02 Jan 2020 03:04:05 GMT",
        "vary": "Accept-Encoding",
    }


async def test_head_has_the_headers_alone(serve: Serve) -> None:
    """HEAD is answered as GET without the body."""
    async with serve() as s:
        get, head = await s.get("/a.txt"), await s.request("HEAD", "/a.txt")

    assert (head.fields, head.body) == (get.fields, b"")


async def test_type_is_never_guessed(serve: Serve) -> None:
    """A file without a known extension has no Content-Type."""
    async with serve() as s:
        assert (await s.get("/README")).header("content-type") is None


@pytest.mark.parametrize(
    ("target", "status", "location"),
    [
        ("/", 200, None),
        ("/dir/", 200, None),
        ("/dir/index.html", 200, None),
        ("/dir", 308, "/dir/"),
        ("/dir?a=b", 308, "/dir/?a=b"),
        ("/a.txt/", 308, "/a.txt"),
        ("//dir", 308, "/dir/"),
        ("/%5Cevil/../dir", 308, "/dir/"),
        ("/sp%20ace", 308, "/sp%20ace/"),
        ("/empty/", 404, None),
        ("/empty", 404, None),
        ("/none", 404, None),
        ("/A.TXT", 404, None),
        ("/a.txt/more", 400, None),
        ("/%00", 400, None),
        ("/" + "a" * 300, 400, None),
        ("/" + "a/" * 4000, 400, None),
    ],
)
async def test_folders_end_in_a_slash_and_files_do_not(
    serve: Serve, target: str, status: int, location: str | None
) -> None:
    """Names are canonical; a folder without an index file is not there."""
    async with serve() as s:
        answer = await s.get(target)

    assert (answer.status, answer.header("location")) == (status, location)


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/dir/../../secret.txt",
        "/dir/..%2f..%2fsecret.txt",
        "/.%2e/secret.txt",
        "//../secret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/%252e%252e/secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/..;/secret.txt",
        "/....//secret.txt",
        "/.../secret.txt",
        "/a.txt/../../secret.txt",
        "/%2f%2e%2e%2fsecret.txt",
    ],
)
async def test_nothing_above_the_root_is_reached(serve: Serve, target: str) -> None:
    """No spelling of `..` leads out of the root."""
    async with serve() as s:
        answer = await s.get(target)

    assert answer.status in (400, 404)
    assert b"secret" not in answer.body


async def test_links_are_followed(serve: Serve, root: Path) -> None:
    """A link is part of the site, wherever it leads: whoever made it wanted that."""
    (root / "link.txt").symlink_to(root.parent / "secret.txt")
    (root / "loop").symlink_to("loop")
    async with serve() as s:
        assert (await s.get("/link.txt")).body == b"secret"
        assert (await s.get("/loop")).status == 400


async def test_pipes_and_devices_are_not_there(serve: Serve, root: Path) -> None:
    """What is no regular file is a 404, at once."""
    os.mkfifo(root / "pipe")
    (root / "zero").symlink_to("/dev/zero")
    async with serve() as s:
        assert (await s.get("/pipe")).status == 404
        assert (await s.get("/zero")).status == 404


async def test_other_methods_are_refused_for_files_that_are_there(serve: Serve) -> None:
    """A POST to a file is a 405 that tells what is allowed, to nothing a 404."""
    async with serve() as s:
        found, missing = await s.request("POST", "/a.txt"), await s.request("POST", "/none")

    assert (found.status, found.header("allow")) == (405, "GET, HEAD")
    assert (missing.status, missing.header("allow")) == (404, None)


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({"if-none-match": ETAG}, 304, ""),
        ({"if-none-match": '"other"'}, 200, "hello world"),
        ({"if-modified-since": "Thu, 02 Jan 2020 03:04:05 GMT"}, 304, ""),
        ({"if-match": '"other"'}, 412, ""),
        ({"range": "bytes=0-4"}, 206, "hello"),
        ({"range": "bytes=-5"}, 206, "world"),
        ({"range": "bytes=0-4", "if-range": '"other"'}, 200, "hello world"),
        ({"range": "bytes=50-"}, 416, "invalid range: failed to overlap\n"),
        ({"range": "lines=1"}, 416, "invalid range\n"),
    ],
)
async def test_conditions_and_ranges(
    serve: Serve, headers: dict[str, str], status: int, body: str
) -> None:
    """A client gets what it does not have."""
    async with serve() as s:
        answer = await s.get("/a.txt", headers=headers)

    assert (answer.status, answer.text) == (status, body)
    assert answer.header("vary") == "Accept-Encoding"
    assert (answer.header("etag") is None) is (status == 416)


async def test_several_ranges_are_several_parts(serve: Serve) -> None:
    """More ranges than one come as `multipart/byteranges`."""
    async with serve() as s:
        answer = await s.get("/a.txt", headers={"range": "bytes=0-1,9-"})

    assert answer.status == 206
    assert (answer.header("content-type") or "").startswith("multipart/byteranges; boundary=")
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("content-range") is None
    assert answer.body.count(b"Content-Range: bytes ") == 2


async def test_range_that_cannot_be_satisfied_tells_the_size(serve: Serve) -> None:
    """A 416 has the size, and nothing that describes the file."""
    async with serve() as s:
        answer = await s.get("/a.txt", headers={"range": "bytes=50-"})

    assert dict(answer.fields) == {
        "content-range": "bytes */11",
        "content-type": "text/plain; charset=utf-8",
        "vary": "Accept-Encoding",
        "x-content-type-options": "nosniff",
    }


async def test_error_page_has_the_status_of_the_error(root: Path) -> None:
    """A file in an error route is sent with the error's status, to any method."""
    errors = {
        "routes": [
            {
                "handle": [
                    {"handler": "rewrite", "uri": "/a.txt"},
                    {"handler": "file_server", "root": str(root)},
                ]
            }
        ]
    }
    async with site_of_routes(
        {"handle": [{"handler": "error", "status_code": 403}]}, errors=errors
    ) as s:
        answer = await s.request("POST", "/x")

    assert (answer.status, answer.body) == (403, b"hello world")


async def test_headers_set_before_are_kept_or_replaced(serve: Serve) -> None:
    """A tag and a type set before win; what the file alone can know is replaced."""
    early = {
        "Etag": ['"mine"'],
        "Content-Type": ["x/y"],
        "Last-Modified": ["never"],
        "Content-Length": ["5"],
        "Cache-Control": ["no-cache"],
        "Vary": ["Origin"],
    }
    async with serve({"handler": "headers", "response": {"set": early}}) as s:
        answer = await s.get("/a.txt")
        same = await s.get("/a.txt", headers={"if-none-match": '"mine"'})
        beyond = await s.get("/a.txt", headers={"range": "bytes=99-"})

    assert sorted(answer.fields) == [
        ("accept-ranges", "bytes"),
        ("cache-control", "no-cache"),
        ("content-length", "11"),
        ("content-type", "x/y"),
        ("etag", '"mine"'),
        ("last-modified", "Thu, 02 Jan 2020 03:04:05 GMT"),
        ("vary", "Accept-Encoding"),
        ("vary", "Origin"),
    ]
    assert same.status == 304
    assert {"last-modified", "content-type", "content-length"}.isdisjoint(dict(same.fields))
    assert {"etag", "cache-control"}.isdisjoint(dict(beyond.fields))


async def test_unreadable_file_is_forbidden() -> None:
    """A file that is there but may not be read is a 403."""
    user = os.geteuid()
    # Not tmp_path: its parents let nobody in but their owner.
    with TemporaryDirectory() as folder:
        root = write_files(Path(folder))
        root.chmod(0o755)
        (root / "a.txt").chmod(0)
        async with serving(root) as s:
            if user == 0:  # who may read everything
                os.seteuid(NOBODY)
            try:
                answer = await s.get("/a.txt")
            finally:
                os.seteuid(user)

    assert answer.status == 403
