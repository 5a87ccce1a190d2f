"""What templates can call."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snake.http.handler import Receive, Scope, Send
from snake.http.response import respond
from tests.templates.page import fault, render, request_for, shown


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of files, and a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "site"
    (folder / "sub").mkdir(parents=True)
    for name, text in {
        "part.html": "<b>{{ args|join('+') }} {{ req.method }}</b>",
        "plain.txt": "a < b {{ 1 }}",
        "sub/x.txt": "x",
        "macros.html": "{% macro tag(x) %}<i>{{ x }} {{ host }}</i>{% endmacro %}",
        "base.html": "<h1>{% block title %}none{% endblock %}</h1>",
        "broken.html": "one\n{{ nobody() }}",
    }.items():
        (folder / name).write_text(text)
    os.utime(folder / "plain.txt", (1_600_000_000, 1_600_000_000))
    (folder / "link").symlink_to(folder / "plain.txt")
    return folder


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("include('part.html')", "<b> GET</b>"),
        ("include('/part.html', 1, '<')", "<b>1+&lt; GET</b>"),
        ("readFile('plain.txt')", "a &lt; b {{ 1 }}"),
        ("readFile('plain.txt')|safe", "a < b {{ 1 }}"),
        ("readFile('link')|length", "13"),
        ("listFiles('sub')", "[&#39;x.txt&#39;]"),
        (
            "listFiles('/')|join(' ')",
            "base.html broken.html link macros.html part.html plain.txt sub",
        ),
        ("fileExists('sub')", "True"),
        ("fileExists('none')", "False"),
        ("fileStat('plain.txt').size", "13"),
        ("fileStat('plain.txt').name", "plain.txt"),
        ("fileStat('plain.txt').modTime", "2020-09-13 12:26:40+00:00"),
        ("fileStat('plain.txt').modTime.timestamp()|int", "1600000000"),
        ("fileStat('sub').isDir", "True"),
        ("fileStat('sub').mode[0]", "d"),
    ],
)
async def test_files(root: Path, expression: str, text: str) -> None:
    """Files below the root are read, run and listed; what was run is HTML, what was read is not."""
    assert await render(shown(expression), root) == text


async def test_statements_of_jinja(root: Path) -> None:
    """Files are included, extended and imported by Jinja's own statements too."""
    source = (
        "{% extends 'base.html' %}{% from 'macros.html' import tag %}"
        "{% block title %}{{ tag('<') }}{% include 'part.html' %}"
        "{% include 'none.html' ignore missing %}{% endblock %}"
    )

    assert await render(source, root) == "<h1><i>&lt; example.test</i><b> GET</b></h1>"


@pytest.mark.parametrize(
    "name", ["../secret", "/../secret", "sub/../../secret", "..\\secret", "a\0b"]
)
@pytest.mark.parametrize(
    "use",
    [
        "readFile({0})",
        "include({0})",
        "fileStat({0}).size",
        "listFiles({0})",
        "fileExists({0}) or httpError(500)",
    ],
)
async def test_nothing_outside_of_the_root(root: Path, use: str, name: str) -> None:
    """No name leads above the root."""
    error = await fault(shown(use.format(repr(name))), root)

    assert error.status == 500
    assert "secret" not in error.message.replace(name, "")


@pytest.mark.parametrize("statement", ["include '../secret'", "extends '../secret'"])
async def test_no_statement_leads_out(root: Path, statement: str) -> None:
    """Jinja's own statements are held to the root as well."""
    assert (await fault("{% " + statement + " %}", root)).status == 500


@pytest.mark.timeout(20)
async def test_what_is_no_file(root: Path) -> None:
    """A folder, a FIFO and a device are no files, and nothing waits for them."""
    os.mkfifo(root / "fifo")
    (root / "zero").symlink_to("/dev/zero")
    for name in ("sub", "fifo", "zero"):
        assert "not a file" in (await fault(shown(f"readFile({name!r})"), root)).message


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("req.method", "GET"),
        ("req.url", "/a%20b?q=1&q=2&r=%3C"),
        ("req.url.path", "/a b"),
        ("req.url.rawQuery", "q=1&q=2&r=%3C"),
        ("req.url.query.get('q')", "1"),
        ("req.url.query.values('q')|join(',')", "1,2"),
        ("req.url.query['r']", "<"),
        ("'q' in req.url.query", "True"),
        ("req.requestURI", "/a%20b?q=1&q=2&r=%3C"),
        ("req.host", "example.test:8080"),
        ("req.proto", "HTTP/1.1"),
        ("req.remoteAddr", "192.0.2.1:4711"),
        ("req.header.get('x-a')", "1"),
        ("req.header['X-A']", "1"),
        ("req.header['Host']", ""),
        ("req.header.get('None')", ""),
        ("req.header.names()|join(',')", "X-A,Cookie"),
        ("originalReq.url.path", "/a b"),
        ("host", "example.test"),
        ("remoteIP", "192.0.2.1"),
        ("clientIP", "192.0.2.1"),
        ("cookie('a')", "1"),
        ("cookie('none')", ""),
        ("placeholder('http.request.method')", "GET"),
        ("ph('http.request.header.X-A')", "1"),
        ("placeholder('no.such')", ""),
        ("placeholder('file./etc/passwd')", ""),
        ("env('SNAKE_TEST_WORD')", "word"),
        ("env('SNAKE_TEST_NONE')", ""),
    ],
)
async def test_request(expression: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template knows the request."""
    monkeypatch.setenv("SNAKE_TEST_WORD", "word")
    monkeypatch.delenv("SNAKE_TEST_NONE", raising=False)
    request = request_for("/a%20b?q=1&q=2&r=%3C", x_a="1", cookie="a=1; b=2")

    assert await render(shown(expression), request=request, escapes=False) == text


async def test_original_request() -> None:
    """`req` is as it was rewritten, `originalReq` as it came."""
    request = request_for("/old?a=1")
    request.set_path(b"/new")
    request.set_method("POST")
    now = "{{ req.method }} {{ req.url }} {{ req.requestURI }}"
    source = f"{now} {{{{ originalReq.method }}}} {{{{ originalReq.url }}}}"

    assert await render(source, request=request) == "POST /new?a=1 /old?a=1 GET /old?a=1"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("pathEscape('50% a/b?&.jpg')", "50%25%20a%2Fb%3F&.jpg"),
        ("queryEscape('a b&c/é')", "a+b%26c%2F%C3%A9"),
        ("b64enc('é')", "w6k="),
        ("'w6k='|b64dec", "é"),
        ("sha256sum('')[:8]", "e3b0c442"),
        ("randAlphaNum(12)|length", "12"),
        ("uuid()|length", "36"),
        ("now().year > 2024", "True"),
        ("humanize('size', 2048000)", "2.0 MB"),
        ("'999999'|humanize('size')", "1000 kB"),
        ("stripHTML('<b>a</b> < b')", "a "),
        ("'<b>a</b>'|stripHTML", "a"),
        ("maybe('greet', 'you')", "hello you"),
        ("maybe('none', 1)", ""),
        ("greet('me')", "hello me"),
        ("splitFrontMatter('---\\na: 1\\n---\\nbody').meta.a", "1"),
        ("splitFrontMatter('---\\na: 1\\n---\\nbody').body", "\nbody"),
        ("[1, 2]|tojson", "[1, 2]"),
    ],
)
async def test_texts(expression: str, text: str) -> None:
    """Texts, numbers and times are made into others; a plugin's functions are there as well."""
    extensions: dict[str, Callable[..., Any]] = {"greet": lambda name: f"hello {name}"}

    assert await render(shown(expression), escapes=False, extensions=extensions) == text


@pytest.mark.parametrize(
    ("source", "status", "message"),
    [
        ("{{ httpError(404) }}", 404, "Not Found"),
        ("{{ httpError(418, 'short') }}", 418, "short"),
        ("{{ httpError('404') }}", 500, "is no status"),
        ("{{ httpError(99) }}", 500, "is no status"),
        ("a\nb {{ nope() }}", 500, "/page.html:2: 'nope' is undefined"),
        ("a\n\n{% if %}", 500, "/page.html:3: Expected an expression"),
        ("{{ include('broken.html') }}", 500, "broken.html:2: 'nobody' is undefined"),
        ("{% include 'broken.html' %}", 500, "broken.html:2: 'nobody' is undefined"),
        ("{{ include('none.html') }}", 500, "none.html: no such file"),
        ("{{ fileStat('none.html') }}", 500, "none.html: no such file"),
        ("{{ listFiles('part.html') }}", 500, "part.html: Not a directory"),
        ("{{ humanize('size', 'x') }}", 500, "'x' is no size"),
        ("{{ humanize('time', 'x') }}", 500, "'x' is no time"),
        ("{{ humanize('what', 1) }}", 500, "neither size nor time"),
        ("{{ b64dec('?') }}", 500, "not in base 64"),
        ("{{ splitFrontMatter('---\\na') }}", 500, "unterminated front matter"),
        ("{{ splitFrontMatter('---\\na: [\\n---') }}", 500, "front matter: "),
        ("{{ httpInclude('/x') }}", 500, "there is no server to ask"),
        ("{{ respHeader.set('a b', 1) }}", 500, "is no name of a header field"),
        ("{{ 1 / 0 }}", 500, "division by zero"),
    ],
)
async def test_errors(root: Path, source: str, status: int, message: str) -> None:
    """What goes wrong has a status, and says where: template, line, fault."""
    error = await fault(source, root)

    assert error.status == status
    assert message in error.message


async def test_response_header() -> None:
    """Fields of the response are read and changed; nothing is written, nothing injected."""
    request = request_for()
    request.early = [(b"x-a", b"1"), (b"x-c", b"1")]
    source = (
        "{{ respHeader.get('X-A') }}{{ respHeader.add('X-A', 2) }}{{ respHeader.del('x-c') }}"
        "{{ respHeader.set('X-B', 'a\\r\\nX-Evil: 1\\0') }}{{ respHeader.get('None') }}"
    )

    assert await render(source, request=request) == "1"
    assert request.early == [(b"x-a", b"1"), (b"x-a", b"2"), (b"x-b", b"a  X-Evil: 1 ")]


async def test_subrequest() -> None:
    """`httpInclude` asks the own server, as a client that it does not trust, for the bare body."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        await respond(send, 200, [], b"<b>{{ 1 }}</b>")

    request = request_for(
        "/page", x_a="1", range="bytes=0-1", if_none_match='"x"', accept_encoding="gzip"
    )
    text = await render("[{{ httpInclude('/x%20y?a=1#b') }}]", request=request, app=app)
    headers = dict(seen[0]["headers"])

    assert text == "[<b>{{ 1 }}</b>]"
    assert (seen[0]["path"], seen[0]["query_string"]) == ("/x y", b"a=1")
    assert seen[0]["client"] == ("127.0.0.1", 10_000)
    assert headers == {
        b"host": b"example.test:8080",
        b"x-a": b"1",
        b"accept-encoding": b"identity",
    }


@pytest.mark.parametrize(
    ("uri", "status", "message"),
    [
        ("/x", 404, "http 404"),
        ("x", 200, "begins with /"),
        ("https://a.test/", 200, "begins with /"),
    ],
)
async def test_subrequest_that_fails(uri: str, status: int, message: str) -> None:
    """What is an error there is one here."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await respond(send, status, [], b"x")

    error = await fault(shown(f"httpInclude({uri!r})"), app=app)

    assert message in error.message


async def test_each_response_is_its_own(root: Path) -> None:
    """What a template sets, also one that is imported, is forgotten with the response."""
    (root / "names.html").write_text("{% set who = req.header.get('X-Who') %}")
    source = "{% import 'names.html' as names %}{{ names.who }}"
    for who in ("one", "two"):
        assert await render(source, root, request=request_for(x_who=who)) == who


async def test_random_texts_differ() -> None:
    """Texts made by chance are made anew each time."""
    texts = {await render("{{ uuid() }}{{ randAlphaNum(20) }}") for _ in range(3)}

    assert len(texts) == 3
    assert all(re.fullmatch(r"[0-9a-zA-Z-]{56}", text) for text in texts)
