"""What clients send is no template and no second response: hostile class 39, and splitting."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.hostile.sites import served
from tests.transport.wire import Client

SECRET = "s3cret-of-the-environment"

SITES = {
    "respond": "respond `{query.x} {header.X-In} {path} {cookie.c}`",
    "status": "respond x {query.x}",
    "header": "header X-Out {query.x}\nheader X-{query.x} y\nrespond x",
    "header_added": "header +X-More {header.X-In}\nrespond x",
    "deferred": "header >X-Out {header.X-In}\nheader ?X-Def {query.x}\nrespond x",
    "replaced": "header X-Out old\nheader X-Out o(.)d {query.x}$1\nrespond x",
    "pattern": "header X-Out old\nheader X-Out {query.x} new\nrespond x",
    "request_header": "request_header X-In {query.x}\nrespond `{header.X-In}`",
    "redir": "redir {query.x}",
    "redir_uri": "redir https://a{uri}",
    "redir_html": "redir {query.x} html",
    "vars": "vars v {query.x}\nvars {header.X-In} {path}\nrespond `{vars.v} {vars.w}`",
    "vars_matcher": "@m vars {query.x} {header.X-In}\nrespond @m `{query.x}`\nrespond {query.x}",
    "map": "map {query.x} {a} {b} {\n~(.*) $1 ${1}\n}\nrespond `{a} {b}`",
    "map_default": "map {query.none} {a} {\ndefault {query.x}\n}\nrespond `{a} {vars.v}`",
    "rewrite": "rewrite * /{query.x}?y={header.X-In}\nrespond `{uri} {path} {query} {query.y}`",
    "rewrite_uri": "rewrite * /x{uri}\nrespond `{uri} {query.x}`",
    "rewrite_path": "rewrite * /x{path}\nrespond `{uri}`",
    "uri_replace": "uri replace x {query.x}\nrespond `{uri}`",
    "uri_regexp": "uri path_regexp .* {query.x}\nrespond `{uri}`",
    "uri_query": "uri query y {query.x}\nuri query +{query.x} z\nrespond `{query} {query.y}`",
    "uri_query_replace": "uri query x s {header.X-In}\nrespond `{query} {query.x}`",
    "strip": "uri strip_prefix {query.x}\nrespond `{uri}`",
    "method": "method {query.x}\nrespond `{method}`",
    "error": "error {query.x} 500\nhandle_errors {\nrespond `{err.message}`\n}",
    "regexp": "@m path_regexp m (.*)\nrespond @m `{re.m.1} {re.1}`",
    "try_files": "try_files {query.x} {path} /a.txt\nrespond `{uri} {file_match.relative}`",
    "files": "try_files {query.x} /a.txt\nfile_server",
    "root": "root {$ROOT}/{query.x}\nfile_server",
    "intercept": (
        "intercept {\nhandle_response {\nrespond `{resp.header.X-Out}`\n}\n}\n"
        "header X-Out {query.x}\nrespond x"
    ),
    "request_body": "request_body {\nset {query.x}\n}\nrespond `{http.request.body}`",
    "path_matcher": "@m path /{query.x}\nrespond @m `{path}`\nrespond {path}",
    "host": "@h host {query.x}\nrespond @h yes\nrespond `{host} {labels.0}`",
}


@pytest.fixture(params=SITES, name="lines")
def _lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SNAKE_SECRET", SECRET)
    return SITES[request.param]


async def ask(client: Client, text: str) -> bytes:
    """Send a text wherever a request has room for it; return all that comes back."""
    encoded = quote(text, safe="")
    plain = text.replace("\r", " ").replace("\n", " ")
    await client.send(
        f"GET /{encoded}?x={encoded}&y={encoded} HTTP/1.1\r\nHost: a\r\nX-In: {plain}\r\n"
        f"Cookie: c={plain}\r\nConnection: close\r\n\r\n".encode("latin-1")
    )
    return await client.rest()


async def test_a_placeholder_of_a_client_is_never_filled(lines: str, tmp_path: Path) -> None:
    """However it comes in and wherever it goes on, it stays what it is."""
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.txt").write_text("a")
    async with served(root, lines) as server:
        for text in (
            "{env.SNAKE_SECRET}",
            f"{{file.{secret}}}",
            "{{env.SNAKE_SECRET}}",
            "{http.request.header.X-In}{env.SNAKE_SECRET}",
            "$1{env.SNAKE_SECRET}${1}",
            "\\{env.SNAKE_SECRET\\}",
            "{$SNAKE_SECRET}",
        ):
            async with server.client() as client:
                answer = await ask(client, text)
            assert answer.startswith(b"HTTP/1.1 ")
            assert SECRET.encode() not in answer


async def test_a_line_break_of_a_client_ends_no_line(lines: str, tmp_path: Path) -> None:
    """There is one response, and no field in it that was not set."""
    (tmp_path / "a.txt").write_text("a")
    async with served(tmp_path, lines) as server:
        for end in ("\r\n", "\n", "\r", "\0\r\n"):
            async with server.client() as client:
                answer = await ask(client, f"x{end}X-Evil: 1{end}{end}HTTP/1.1 200 OK{end}{end}")
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 ")
            names = [line.partition(b":")[0].lower() for line in head.split(b"\n")[1:]]
            assert b"x-evil" not in names
            assert b"\r" not in head.replace(b"\r\n", b"")
            assert b"\n" not in head.replace(b"\r\n", b"")
            lengths = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")]
            assert all(int(line.split(b":")[1]) == len(body) for line in lengths)
