"""Paths that lead somewhere else than they seem to.

The sites are Caddyfiles, and the bytes go over real sockets.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.sites import SECRET, Asker, ask, served, write_root

LEADING_OUT = [
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
    "/%00/../../secret.txt",
    "/../site/../secret.txt",
    "/%u002e%u002e/secret.txt",
]
"""Spellings of a file beside the root."""

SITES = {
    "file_server": "file_server",
    "browse": "file_server browse",
    "precompressed": "file_server {\nprecompressed\n}",
    "try_files": "try_files {path} {path}/ {query.f} =404\nfile_server",
    "handle_path": "handle_path /p* {\nfile_server\n}",
    "strip_prefix": "uri strip_prefix /p\nfile_server browse",
    "rewrite": "rewrite * /dir{path}\nfile_server",
    "file matcher": "@f file {path} {query.f}\nrewrite @f {file_match.relative}\nfile_server",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a site, with a secret beside it."""
    return write_root(tmp_path)


@pytest.mark.parametrize("lines", SITES.values(), ids=SITES)
async def test_no_path_leads_out(root: Path, lines: str) -> None:
    """Whatever is done with a path, and by any method, nothing beside the root is read."""
    async with served(root, lines) as server:
        asker = Asker(server)
        for target in LEADING_OUT:
            for method in ("GET", "HEAD", "COPY", "MOVE", "PROPFIND"):
                for path in (target, f"/p{target}", f"/x?f={target}"):
                    answer = await asker(path, method, "Accept-Encoding: gzip")
                    assert SECRET not in answer.body
                    assert answer.all("content-length") != [str(len(SECRET))]


PRIVATE = [
    "/private/secret.txt",
    "/private//secret.txt",
    "//private/secret.txt",
    "///private///secret.txt",
    "/./private/secret.txt",
    "/private/./secret.txt",
    "/x/../private/secret.txt",
    "/private/../private/secret.txt",
    "/dir/../private/secret.txt",
    "/%70rivate/secret.txt",
    "/p%72ivate/secret.txt",
    "/%70%72%69%76%61%74%65/secret.txt",
    "/private%2fsecret.txt",
    "/private%2Fsecret.txt",
    "/private/%2e/secret.txt",
    "/private/%2e%2e/private/secret.txt",
    "/x%2f..%2fprivate%2fsecret.txt",
    "/%2fprivate/secret.txt",
    "/%2e/private/secret.txt",
    "/%2e%2fprivate/secret.txt",
    "/private%2f%2fsecret.txt",
    "/private/secret.txt/",
    "/private/secret.txt//",
    "/private/secret.txt/.",
    "/private/secret.txt/%2e",
    "/private/x/../secret.txt",
    "/private;x/secret.txt",
    "/private/;/secret.txt",
    "/private/secret.txt;x",
    "/private/secret.txt%00",
    "/private%00/secret.txt",
    "/private/secret.txt?x=/dir",
    "/private/secret.txt#x",
    "/PRIVATE/secret.txt",
    "/Private/SECRET.TXT",
    "/%50rivate/secret.txt",
    "/private\\secret.txt",
    "/private%5csecret.txt",
    "/private%5Csecret.txt",
    "/\\private\\secret.txt",
    "/%5cprivate/secret.txt",
    "/private/%5c../secret.txt",
    "/private/secret.txt%20",
    "/private/secret.txt.",
    "/private./secret.txt",
    "/private%20/secret.txt",
    "/private/secret.txt%09",
    "/private%c0%afsecret.txt",
    "/private%e0%80%afsecret.txt",
    "/private%252fsecret.txt",
    "/%2570rivate/secret.txt",
    "/private%u2215secret.txt",
    "/private/se%63ret.txt",
    "/private/secret%2etxt",
    "http://a/private/secret.txt",
    "http://a//private/secret.txt",
    "http://a/dir/../private/secret.txt",
    "http://a/%70rivate/secret.txt",
    "/dir/%2e%2e/private/secret.txt",
    "/dir/..%2fprivate/secret.txt",
]
"""Sixty spellings of a file that only some may read, or nearly."""

GUARDS = {
    "path": "@private path /private/*\nrespond @private 403\nfile_server browse",
    "path without case": "@private path /PRIVATE/*\nrespond @private 403\nfile_server",
    "handle": "handle /private/* {\nrespond 403\n}\nhandle {\nfile_server\n}",
    "handle_path": "handle_path /private/* {\nrespond 403\n}\nfile_server",
    "path_regexp": "@private path_regexp (?i)^/private/\nrespond @private 403\nfile_server",
    "not": "@public not path /private/*\nfile_server @public",
    "hide": "file_server browse {\nhide {$ROOT}/private\n}",
    "hide by name": "file_server {\nhide private\n}",
    "try_files": "@private path /private/*\nrespond @private 403\ntry_files {path}\nfile_server",
}


@pytest.mark.parametrize("lines", GUARDS.values(), ids=GUARDS)
async def test_matcher_and_file_server_see_the_same_path(root: Path, lines: str) -> None:
    """However a path is spelled, what guards a folder and what serves it agree on it."""
    assert len(PRIVATE) == 60
    async with served(root, lines) as server:
        asker = Asker(server)
        for target in PRIVATE:
            answer = await asker(target)
            assert SECRET not in answer.body, target
            assert answer.status in (200, 308, 400, 403, 404), target
            assert answer.status != 200 or not answer.body, target


async def test_links_are_followed_wherever_they_lead(root: Path, tmp_path: Path) -> None:
    """A link is whoever made it opening a door, as in Caddy: the manual says so."""
    (root / "out.txt").symlink_to(tmp_path / "secret.txt")
    async with served(root, "file_server") as server, server.client() as client:
        assert (await ask(client, "/out.txt")).body == SECRET


async def test_caddyfile_is_never_served(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration in a root is hidden, by any spelling."""
    (root / "Caddyfile").write_text("secret")
    monkeypatch.chdir(root)
    async with served(root, "file_server browse") as server:
        for target in ("/Caddyfile", "/%43addyfile", "//Caddyfile", "/./Caddyfile", "/Caddyfile/"):
            async with server.client() as client:
                assert (await ask(client, target)).status == 404
        async with server.client() as client:
            listing = await ask(client, "/", "GET", "Accept: application/json")
    assert b"Caddyfile" not in listing.body


async def test_redirects_stay_on_the_host(root: Path) -> None:
    """No folder's name makes the Location of a redirect name another host."""
    for name in ("evil.com", "\\evil.com", "%5Cevil.com"):
        (root / name).mkdir()
        (root / name / "index.html").touch()
    async with served(root, "file_server") as server:
        for target in (
            "//evil.com",
            "///evil.com",
            "/%2fevil.com",
            "/%2F%2Fevil.com",
            "/\\evil.com",
            "/%5cevil.com",
            "/%5Cevil.com",
            "/.//evil.com",
            "/x/..//evil.com",
            "/evil.com/%2e%2e//evil.com",
            "/dir/..",
            "//..",
        ):
            async with server.client() as client:
                answer = await ask(client, target)
            for location in answer.all("location"):
                assert location.startswith("/")
                assert not location.startswith(("//", "/\\"))
                assert "\n" not in location
