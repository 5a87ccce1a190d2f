"""Caddy and snake give the same answers about the same files."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.differential.pair import Pair, pair

SITE = """
http://127.0.0.1:PORT {
	root ../site

	handle_path /plain/* {
		file_server
	}
	handle_path /more/* {
		header Etag `"mine"`
		header Content-Type x/y
		header Cache-Control no-cache
		header Vary Origin
		file_server {
			hide secret *.bak ../site/private
			index home.html index.txt
			precompressed gzip br
			status 203
		}
	}
	handle_path /encoded/* {
		encode
		file_server
	}
	handle_path /all/* {
		encode gzip {
			minimum_length 1
			match status 2xx 4
		}
		header -X-None
		file_server {
			pass_thru
			disable_canonical_uris
		}
		respond "nothing here" 404
	}
	handle_path /tried/* {
		try_files {path} {path}/ /index.html
		file_server
	}
	handle_path /lost/* {
		try_files {path} =410
		file_server
	}
	handle_path /here/* {
		root .
		file_server
	}
	handle_errors {
		respond "{err.status_code} {err.message}"
	}
}
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Serve one folder with both."""
    folder = tmp_path_factory.mktemp("both")
    write_site(folder / "site")
    with pair(SITE, folder) as servers:
        yield servers


def write_site(root: Path) -> None:
    """Write files of every kind, with times that both see alike."""
    files = {
        "a.txt": b"hello world",
        "index.html": b"<h1>index</h1>",
        "dir/index.html": b"<h1>dir</h1>",
        "sp ace/index.txt": b"space",
        "README": b"read me " * 100,
        ".dot": b"dot",
        "big.css": b"a { color: red }\n" * 1000,
        "big.jpg": b"\xff\xd8" * 1000,
        "huge.css": b"a { color: red }\n" * 10_000,
        "huge.jpg": bytes(range(256)) * 5000,
        "data.json": b'{"a": 1}',
        "page.XHTML": b"<html/>",
        "x.bak": b"old",
        "secret/a.txt": b"secret",
        "private/a.txt": b"private",
        "empty.txt": b"",
        "a.txt.gz": gzip.compress(b"hello world", mtime=0),
        "été/ü.txt": b"unicode",
        "no.such-extension": b"x",
        "old.txt": b"old",
    }
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, ns=(1_577_934_245_678_000_000, 1_577_934_245_678_000_000))
    os.utime(root / "old.txt", (1, 1))
    (root / "folder").mkdir()
    (root / "link.txt").symlink_to("a.txt")


TARGETS = [
    *("/", "/a.txt", "/a.txt?x=1", "/A.TXT", "/a.txt/", "/a.txt/x", "/none", "/dir", "/dir/"),
    *("/dir/index.html", "/dir?x=1", "//dir", "/x/../dir", "/sp%20ace/", "/folder", "/folder/"),
    *(
        "/README",
        "/.dot",
        "/big.css",
        "/big.jpg",
        "/huge.css",
        "/huge.jpg",
        "/data.json",
        "/page.XHTML",
        "/x.bak",
        "/%00",
    ),
    *("/secret/a.txt", "/private/a.txt", "/empty.txt", "/%C3%A9t%C3%A9/%C3%BC.txt", "/old.txt"),
    *("/no.such-extension", "/link.txt", "/..%2fsite%2fa.txt", "/../site/a.txt", "/Caddyfile"),
    *("/a.txt.gz", "/%61.txt", "/a%2Etxt", "/dir%2Findex.html", "/" + "a" * 300),
]


@pytest.mark.parametrize("prefix", ["plain", "more", "encoded", "all", "tried", "lost", "here"])
@pytest.mark.parametrize("target", TARGETS)
def test_target_is_answered_alike(both: Pair, prefix: str, target: str) -> None:
    """Every name has the same status, headers and body, however files are served.

    But for one: Caddy's `encode` guesses the type of a file that has none, which its
    `file_server` refuses to do. Snake's does not guess.
    """
    if (prefix, target) in {("encoded", "/README"), ("all", "/README")}:
        caddy, snake = both.ask(f"/{prefix}{target}")
        assert snake == caddy
        return
    caddy, snake = both.ask(f"/{prefix}{target}", headers={"Accept-Encoding": "gzip, zstd, br"})

    assert snake == caddy


CONDITIONS = [
    {"If-None-Match": '"bzkz0979s0ow-b"'},
    {"If-None-Match": 'W/"bzkz0979s0ow-b", "x"'},
    {"If-None-Match": "*"},
    {"If-None-Match": '"mine"'},
    {"If-None-Match": "nonsense"},
    {"If-Match": '"bzkz0979s0ow-b"'},
    {"If-Match": '"x"'},
    {"If-Modified-Since": "Thu, 02 Jan 2020 03:04:05 GMT"},
    {"If-Modified-Since": "Thursday, 02-Jan-20 03:04:05 GMT"},
    {"If-Modified-Since": "Thu Jan  2 03:04:04 2020"},
    {"If-Modified-Since": "nonsense"},
    {"If-Unmodified-Since": "Thu, 02 Jan 2020 03:04:05 GMT"},
    {"If-Unmodified-Since": "Thu, 02 Jan 2020 03:04:04 GMT"},
    {"Range": "bytes=0-4"},
    {"Range": "bytes=-5"},
    {"Range": "bytes=3-"},
    {"Range": "bytes=0-0,2-3,-1"},
    {"Range": "bytes=5-2"},
    {"Range": "bytes=11-"},
    {"Range": "bytes=11-,0-1"},
    {"Range": "bytes=-0"},
    {"Range": "bytes=0-10,0-10"},
    {"Range": "bytes=a"},
    {"Range": "chars=0-1"},
    {"Range": "bytes=0-4", "If-Range": '"bzkz0979s0ow-b"'},
    {"Range": "bytes=0-4", "If-Range": '"x"'},
    {"Range": "bytes=0-4", "If-Range": "Thu, 02 Jan 2020 03:04:05 GMT"},
    {"Range": "bytes=0-4", "If-Range": "Thu, 02 Jan 2020 03:04:06 GMT"},
    {"Range": "bytes=0-4", "Accept-Encoding": "gzip"},
    {"Accept-Encoding": "gzip;q=0, zstd"},
    {"Accept-Encoding": "gzip;q=1, zstd;q=0.2"},
    {"Accept-Encoding": "identity"},
    {"Accept-Encoding": "gzip", "Cache-Control": "no-transform"},
    {"Accept-Encoding": "gzip", "If-None-Match": '"bzkz0979s0ow-b-gzip"'},
]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("prefix", ["plain", "more", "all"])
@pytest.mark.parametrize("headers", CONDITIONS, ids=str)
def test_condition_is_answered_alike(
    both: Pair, method: str, prefix: str, headers: dict[str, str]
) -> None:
    """Conditions, ranges and codings decide the same for every method.

    But for one: Caddy's 405 for a file with a compressed sidecar has the length and
    the coding of the sidecar, and a body that has neither.
    """
    if prefix == "more" and method != "GET":
        headers = {name: value for name, value in headers.items() if name != "Accept-Encoding"}
    caddy, snake = both.ask(f"/{prefix}/a.txt", method, headers)

    assert snake == caddy


@pytest.mark.parametrize("target", TARGETS)
def test_head_is_answered_alike(both: Pair, target: str) -> None:
    """HEAD has the same status and headers, and the length where Caddy leaves it out."""
    caddy, snake = both.ask(f"/plain{target}", "HEAD")
    told = {"content-length"} - {name for name, _ in caddy.fields}

    assert (snake.status, snake.body) == (caddy.status, caddy.body)
    assert [field for field in snake.fields if field[0] not in told] == caddy.fields
