"""The settings of the file_server directive."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.core.errors import ConfigError
from tests.directives.static_site import ETAG, serving, write_files
from tests.site import Site, site, site_of_routes

Serve = Callable[..., Site]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a site of a few files."""
    return write_files(tmp_path)


@pytest.fixture
def serve(root: Path) -> Serve:
    """Return a function that makes a site of `file_server` with these settings."""
    return partial(serving, root)


async def test_hidden_files_are_not_there(serve: Serve, root: Path) -> None:
    """What is hidden is a 404, an index file too."""
    async with serve(hide=[".env", f"{root}/dir"]) as s:
        assert (await s.get("/.env")).status == 404
        assert (await s.get("/dir/")).status == 404
        assert (await s.get("/dir/index.html")).status == 404
        assert (await s.get("/a.txt")).status == 200


async def test_dot_files_are_not_hidden_by_themselves(serve: Serve) -> None:
    """A name that begins with a dot is a name, as in Caddy."""
    async with serve() as s:
        assert (await s.get("/.env")).status == 200


async def test_index_names_are_tried_in_order(serve: Serve, root: Path) -> None:
    """The names of index files can be set, with placeholders, or there are none."""
    async with serve(index_names=["none", "{http.request.host}.html", "a.txt"]) as s:
        assert (await s.get("/")).body == b"hello world"
        (root / "localhost.html").write_text("mine")
        assert (await s.get("/")).body == b"mine"
    async with serve(index_names=[]) as s:
        assert (await s.get("/")).status == 404


async def test_sidecars_are_sent_to_those_who_take_them(serve: Serve, root: Path) -> None:
    """A precompressed file has its own tag, and the date of the file it stands for."""
    (root / "a.txt.br").write_bytes(b"br")
    (root / "a.txt.gz").write_bytes(b"gz")
    (root / "a.txt.zst").mkdir()
    codings: dict[str, Any] = {"br": {}, "gzip": {}, "zstd": {}}
    async with serve(precompressed=codings, precompressed_order=["zstd", "gzip", "br"]) as s:
        answer = await s.get("/a.txt", headers={"accept-encoding": "br, gzip, zstd"})
        other = await s.get("/a.txt", headers={"accept-encoding": "br;q=0.9, gzip;q=0.1"})
        plain = await s.get("/a.txt")

    assert (answer.body, answer.header("content-encoding")) == (b"gz", "gzip")
    assert (answer.header("content-type")) == "text/plain; charset=utf-8"
    assert answer.header("last-modified") == "Thu, 02 Jan 2020 03:04:05 GMT"
    assert answer.header("etag") not in (None, ETAG)
    assert other.body == b"br"
    assert (plain.body, plain.header("content-encoding")) == (b"hello world", None)


async def test_tag_may_stand_in_a_file(serve: Serve, root: Path) -> None:
    """The tag is read from the first file beside it that is there."""
    (root / "a.txt.md5").write_text('"5eb6\r\n3bbb"\n')
    async with serve(etag_file_extensions=[".etag", ".md5"]) as s:
        assert (await s.get("/a.txt")).header("etag") == '"5eb63bbb"'
        assert (await s.get("/README")).header("etag") not in (None, "")


async def test_status_can_be_set(serve: Serve) -> None:
    """A file can be sent with another status, even one from a placeholder."""
    async with serve(status_code=404) as s:
        assert (await s.get("/a.txt")).status == 404
    async with serve(status_code="{http.request.header.x-s}") as s:
        assert (await s.get("/a.txt", headers={"x-s": "203"})).status == 203
        assert (await s.get("/a.txt")).status == 500


async def test_canonical_names_can_be_left_alone(serve: Serve) -> None:
    """Without redirects a folder is answered under either name."""
    async with serve(canonical_uris=False) as s:
        assert (await s.get("/dir")).body == b"<h1>dir</h1>"
        assert (await s.get("/a.txt/")).body == b"hello world"


async def test_rewritten_name_is_not_redirected(serve: Serve) -> None:
    """A rewrite to a folder's index is what its author wanted."""
    async with serve({"handler": "rewrite", "uri": "/dir"}) as s:
        assert (await s.get("/other")).body == b"<h1>dir</h1>"
        assert (await s.get("/x/dir")).header("location") == "/x/dir/"


async def test_missing_file_can_be_left_to_the_next(root: Path) -> None:
    """With `pass_thru` the next handler answers for what is not there."""
    handlers = [
        {"handler": "file_server", "root": str(root), "pass_thru": True},
        {"handler": "static_response", "body": "next"},
    ]
    async with site_of_routes({"handle": handlers}) as s:
        assert (await s.get("/none")).body == b"next"
        assert (await s.get("/empty/")).body == b"next"
        assert (await s.get("/a.txt")).body == b"hello world"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"precompressed": {"lz4": {}}}, "unknown module: http.precompressed.lz4"),
        ({"indexes": []}, 'unknown field "indexes"; did you mean "index_names"'),
    ],
)
async def test_what_is_not_available_is_refused(
    serve: Serve, settings: dict[str, Any], message: str
) -> None:
    """A setting that cannot be honoured is refused by name when the config is loaded."""
    with pytest.raises(ConfigError, match=message):
        async with serve(**settings):
            pass


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("file_server /srv /x", 'takes no argument but "browse"'),
        ("file_server brows", 'takes no argument but "browse"'),
        ("file_server {\nhiden x\n}", "did you mean"),
        ("file_server {\nhide\n}", "hide takes the names of files"),
        ("file_server {\nroot\n}", "root takes a folder"),
        ("file_server {\npass_thru yes\n}", "pass_thru takes no argument"),
        ("file_server {\nprecompressed lz4\n}", "unknown coding 'lz4'"),
        ("file_server browse {\nbrowse\n}", "browsing is already configured"),
        ("file_server {\nbrowse {\nsort weight\n}\n}", "unknown sort option 'weight'"),
        ("file_server {\nbrowse {\nfile_limit many\n}\n}", 'file_limit: "many" is no whole number'),
        ("file_server {\nroot /x {\na\n}\n}", "root takes no block"),
    ],
)
def test_wrong_line_is_refused(line: str, message: str) -> None:
    """A wrong word in the Caddyfile has one clear error."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n{line}\n}}\n")
