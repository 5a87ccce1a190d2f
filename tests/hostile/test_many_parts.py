"""Requests of fifty thousand parts cost time in proportion to their size, and no more.

The transport allows far fewer of them; these are for whoever raises its limits, and for what
handlers make of them. (Go: CVE-2025-61726, 2025-58186, 2026-56860.)
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.site import site

LIMIT = 2.0
"""Seconds of CPU; in quadratic time each would take minutes."""
MANY = 50_000

QUERIES = {
    "parameters": "&".join(f"a{number}=1" for number in range(MANY)),
    "the same parameter": "&".join(["a=1"] * MANY),
    "empty parameters": "&" * MANY,
    "semicolons": "a=1;" * MANY,
    "escapes": "a=" + "%41" * MANY,
    "broken escapes": "a=" + "%4" * MANY,
    "plus signs": "a=" + "+" * MANY,
    "equals signs": "=" * MANY,
}
SITES = {
    "placeholder": "respond {query.a}",
    "matcher": "@a query z=1\nrespond @a x\nrespond ok",
    "rewrite": "rewrite /x?q={query.a}&{query}\nrespond {query}",
    "edit": "uri query {\na b\n-c\n+d e\na1>f\n}\nrespond {query}",
}


@pytest.mark.parametrize("lines", SITES.values(), ids=SITES)
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_queries(lines: str, query: str) -> None:
    """Whatever is made of a long query, it takes no longer than reading it."""
    async with site(f"http://localhost {{\n{lines}\n}}") as running:
        start = time.process_time()
        assert (await running.get(f"/?{query}")).status == 200
        assert time.process_time() - start < LIMIT


PATHS = {
    "parents": "/a/.." * MANY,
    "above the root": "/.." * MANY,
    "here": "/." * MANY,
    "slashes": "/" * MANY,
    "encoded slashes": "/" + "%2f" * MANY,
    "encoded dots": "/%2e%2e" * MANY,
    "segments": "/a" * MANY,
    "scripts": "/.php" * MANY,
    "stars": "/" + "*" * MANY,
}
PATH_SITES = {
    "clean": "@a path /x/* /*.php */y/*\nrespond @a x\nrespond ok",
    "replace": "uri replace /a /b\nuri path_regexp /{2,} /\nrespond ok",
    "strip": "uri strip_prefix /a\nuri strip_suffix /b\nrespond ok",
    "segment": "respond {path.0}{path.file}{path.dir}",
}


@pytest.mark.parametrize("lines", PATH_SITES.values(), ids=PATH_SITES)
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
async def test_paths(lines: str, path: str) -> None:
    """The same for a long path."""
    async with site(f"http://localhost {{\n{lines}\n}}") as running:
        start = time.process_time()
        assert (await running.get(path)).status == 200
        assert time.process_time() - start < LIMIT


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
async def test_files(path: str, tmp_path: Path) -> None:
    """A long path is no file, which is found out soon."""
    (tmp_path / "index.html").write_text("index")
    lines = f"root {tmp_path}\ntry_files {{path}} {{path}}.php /none\nfile_server"
    text = f"http://localhost {{\n{lines}\n}}"
    async with site(text) as running:
        start = time.process_time()
        assert (await running.get(path)).status < 500
        assert time.process_time() - start < LIMIT


@pytest.mark.parametrize(
    "cookies",
    [
        "; ".join(f"a{number}=1" for number in range(MANY)),
        "a=1;" * MANY,
        ";" * MANY,
        'a="' * MANY,
        'x="' + "\\" * MANY + '"',
    ],
    ids=["cookies", "the same cookie", "semicolons", "quotes", "backslashes"],
)
async def test_cookies(cookies: str) -> None:
    """The same for cookies."""
    async with site("http://localhost {\nrespond {cookie.x}{cookie.a}\n}") as running:
        start = time.process_time()
        assert (await running.get("/", headers={"Cookie": cookies})).status == 200
        assert time.process_time() - start < LIMIT


@pytest.mark.parametrize(
    "ranges",
    [
        ",".join(f"{number}-{number}" for number in range(0, 2000, 2)),
        ",".join(["0-"] * 1000),
        "," * MANY,
        "0-0," * MANY,
        "9" * MANY + "-",
    ],
    ids=["apart", "overlapping", "commas", "the same", "digits"],
)
async def test_ranges(ranges: str, tmp_path: Path) -> None:
    """Many ranges of a file are not many times the file."""
    (tmp_path / "a.txt").write_bytes(b"x" * 10_000)
    text = f"http://localhost {{\nroot {tmp_path}\nfile_server\n}}"
    async with site(text) as running:
        start = time.process_time()
        response = await running.get("/a.txt", headers={"Range": f"bytes={ranges}"})
        assert response.status in (200, 206, 416)
        assert len(response.body) < 500_000
        assert time.process_time() - start < LIMIT
