"""templates: which responses are run, and what becomes of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.directives.adapted import mistake, refusal, warnings
from tests.site import Response, Site, site, site_of_routes

HTML = "text/html; charset=utf-8"


def page(body: str, type: str = HTML, *, status: int = 200, **fields: Any) -> Site:
    """Return a site that answers with a template."""
    answer = {"handler": "static_response", "body": body.replace("{", "\\{"), "status_code": status}
    answer["headers"] = {"Content-Type": [type]} | fields.pop("headers", {})
    return site_of_routes({"handle": [{"handler": "templates", **fields}, answer]})


async def rendered(body: str, type: str = HTML, **options: Any) -> Response:
    """Return what a template becomes."""
    async with page(body, type, **options) as s:
        return await s.get("/page?x=<")


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("templates {\nmime\n}", 3, "mime", "mime takes the types of templates"),
        ("templates {\nbetween a\n}", 3, "between", "an opening and a closing mark, got 1"),
        ("templates {\nbetween a b c\n}", 3, "c", "an opening and a closing mark, got 3"),
        ("templates {\nroot\n}", 3, "root", "root takes a folder"),
        ("templates {\nextensions a\n}", 3, "a", "extensions takes no argument, got a"),
        ("templates {\nextensions {\na\n}\n}", 4, "a", "module not registered: http.handlers."),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(lines)

    assert found[:2] == (line, word)
    assert message in found[2]


def test_unknown_words_are_warned_of() -> None:
    """Caddy passes over them, and so do we: the nearest known name is told."""
    assert warnings("templates {\nmimes a\n}") == [
        'Caddyfile:3: templates: mimes is no subdirective, and ignored; did you mean "mime"?',
        "Caddyfile:3: templates: a is no subdirective, and ignored",
    ]


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"mime_types": "text/html"}, "mime_types"),
        ({"delimiters": [1]}, "delimiters/0"),
        ({"match": {"mine": {}}}, "match/mine"),
        ({"delimiters": ["[["]}, "delimiters"),
        ({"delimiters": ["||", "||"]}, "delimiters"),
        ({"delimiters": ["[[", ""]}, "delimiters/1"),
        ({"delimiters": ["[ [", "]]"]}, "delimiters/0"),
    ],
)
async def test_wrong_types(config: dict[str, object], path: str) -> None:
    """Its fields are typed, and there are two delimiters or none."""
    error = await refusal({"handler": "templates", **config})

    assert error.path == f"handle/0/{path}"


async def test_template_is_run() -> None:
    """What stands between the marks is run; the length is that of the result."""
    answer = await rendered("a {{ 1 + 1 }}{# c #}{% if true %} b{% endif %}\n")

    assert (answer.status, answer.text) == (200, "a 2 b\n")
    assert answer.headers("content-length") == ["6"]
    assert answer.headers("content-type") == [HTML]


@pytest.mark.parametrize(
    ("type", "runs"),
    [
        *(("text/html", True), ("text/plain; charset=x", True), ("text/markdown", True)),
        *(("application/json", False), ("TEXT/HTML", False), ("image/png", False)),
    ],
)
async def test_types(type: str, runs: bool) -> None:  # noqa: FBT001
    """Responses of three types are templates, or those of `mime_types`; others pass as they are."""
    assert (await rendered("{{ 1 }}", type)).text == ("1" if runs else "{{ 1 }}")
    assert (await rendered("{{ 1 }}", type, mime_types=["json"])).text == (
        "1" if "json" in type else "{{ 1 }}"
    )


@pytest.mark.parametrize(
    ("type", "text"),
    [(HTML, "&lt;"), ("text/markdown", "&lt;"), ("image/svg+xml", "&lt;"), ("text/plain", "<")],
)
async def test_values_are_escaped_in_html(type: str, text: str) -> None:
    """What a client sent cannot become a tag, unless the template says so with `safe`."""
    types = ["text/", "image/"]

    answer = await rendered("{{ req.url.query.get('x') }}", type, mime_types=types)
    safe = await rendered("{{ req.url.query.get('x')|safe }}", type, mime_types=types)

    assert (answer.text, safe.text) == (text, "<")


@pytest.mark.parametrize(
    ("between", "source"),
    [
        (["[[", "]]"], "{{ x }} [[ 1 ]] [% for i in [1, 2] %][[ i ]][% endfor %][# c #]"),
        (
            ["<!--", "-->"],
            "{{ x }} <!-- 1 --> <!--% for i in [1, 2] %--><!-- i --><!--% endfor %-->",
        ),
        (["${", "}"], "{{ x }} ${ 1 } ${% for i in [1, 2] %}${ i }${% endfor %}${# c #}"),
    ],
)
async def test_delimiters(between: list[str], source: str) -> None:
    """With other marks, those of statements and comments follow from them."""
    assert (await rendered(source, delimiters=between)).text == "{{ x }} 1 12"


@pytest.mark.parametrize(
    "source", ["a\r\nb {{ 1 }}\r\n", "a\nb {{ 1 }}\n\n", "{{ 1 }}", "\n{{ 1 }}"]
)
async def test_ends_of_lines_stay(source: str) -> None:
    """Ends of lines are those of the template, the last one too."""
    assert (await rendered(source)).text == source.replace("{{ 1 }}", "1")


async def test_bytes_that_are_no_text() -> None:
    """Bytes that are not UTF-8 pass through."""
    text = (
        ":80 {\nheader Content-Type text/plain\ntemplates\n"
        "respond `{path} \\{\\{ 1 }} \\{\\{ req.url.path }}`\n}"
    )
    async with site(text) as s:
        assert (await s.get("/%FF%FE")).body == b"/\xff\xfe 1 /\xff\xfe"


async def test_fields_of_the_source_go() -> None:
    """What described the template does not describe the page."""
    headers = {
        "Etag": ['"x"'],
        "Last-Modified": ["Thu, 01 Jan 2026 00:00:00 GMT"],
        "Accept-Ranges": ["bytes"],
        "X-A": ["1"],
    }
    answer = await rendered("{{ 1 }}", headers=headers)

    assert {name for name, _ in answer.fields} == {"x-a", "content-type", "content-length"}
    assert (await rendered("plain", headers=headers)).header("etag") is None


async def test_coded_bodies_are_not_run() -> None:
    """A body that is compressed stays as it is."""
    headers = {"Content-Encoding": ["gzip"]}

    assert (await rendered("{{ 1 }}", headers=headers)).text == "{{ 1 }}"


@pytest.mark.parametrize("status", [201, 404, 500])
async def test_status_stays(status: int) -> None:
    """The status is the response's."""
    answer = await rendered("{{ 1 }}", status=status)

    assert (answer.status, answer.text) == (status, "1")


async def test_failure_is_a_500() -> None:
    """A template that fails is answered by the error routes, and nothing of it is sent."""
    lines = (
        "{{\n}}\n:80 {{\nheader /x X-A 1\ntemplates\nheader Etag x\nheader Content-Type text/html\n"
        "respond `secret {source}`\nhandle_errors {{\nrespond `{{err.status_code}}`\n}}\n}}"
    )
    for source, status in [
        ("\\{\\{ 1 / 0 }}", 500),
        ("\\{% if %}", 500),
        ("\\{\\{ httpError(404) }}", 404),
    ]:
        async with site(lines.format(source=source)) as s:
            answer = await s.get("/x")

            assert (answer.status, answer.text) == (status, str(status))
            assert answer.header("x-a") == "1"
            assert answer.headers("content-type") == ["text/plain; charset=utf-8"]


async def test_files_are_templates(tmp_path: Path) -> None:
    """Files are run, and include those of the site's root, or of `root`."""
    (tmp_path / "other").mkdir()
    (tmp_path / "index.html").write_text("{{ include('part.html') }}")
    (tmp_path / "part.html").write_text("one")
    (tmp_path / "other/part.html").write_text("two")
    (tmp_path / "large.txt").write_text("{{ 1 }}" * 100_000)
    text = ":80 {{\nroot {root}\ntemplates {{\n{sub}\n}}\nfile_server\n}}"
    for sub, expected in [("", "one"), (f"root {tmp_path}/other", "two"), ("root {path}", "")]:
        async with site(text.format(root=tmp_path, sub=sub)) as s:
            answer = await s.get("/")
            assert answer.text == expected
            assert (answer.status == 200) is bool(expected)
            large = await s.get("/large.txt", extensions={"http.response.pathsend": {}})
            assert large.text == "1" * 100_000


async def test_http_include(tmp_path: Path) -> None:
    """A page includes what its own server answers, which is run once and not again."""
    (tmp_path / "index.html").write_text(
        "[{{ httpInclude('/part.html?x=1') }}|{{ httpInclude('/said?x=%7B%7B1%7D%7D') }}]"
    )
    (tmp_path / "part.html").write_text("{{ req.url }} {{ remoteIP }}")
    (tmp_path / "itself.html").write_text("{{ httpInclude('/itself.html') }}")
    text = f":80 {{\nroot {tmp_path}\nrespond /said {{uri}}\ntemplates\nfile_server\n}}"
    async with site(text) as s:
        assert (await s.get("/")).text == "[/part.html?x=1 127.0.0.1|/said?x=%7B%7B1%7D%7D]"
        assert (await s.get("/itself.html")).status == 500


async def test_client_cannot_be_a_template() -> None:
    """What a client sends is never run, wherever a template writes it."""
    text = (
        ":80 {\nheader Content-Type text/html\ntemplates\n"
        "respond `\\{\\{ req.url.query.get('x') }} \\{\\{ req.header.get('X-A') }}`\n}"
    )
    async with site(text) as s:
        answer = await s.get("/?x=%7B%7B+7*7+%7D%7D", headers={"X-A": "{{ 7*7 }}"})

        assert answer.text == "{{ 7*7 }} {{ 7*7 }}"


async def test_many_at_once() -> None:
    """Responses do not see what others set."""
    text = (
        ":80 {\nheader Content-Type text/plain\ntemplates\n"
        "respond `\\{% set x = req.url.path %}"
        "\\{% for i in range(2000) %}\\{% endfor %}\\{\\{ x }}`\n}"
    )
    async with site(text) as s:
        answers = await asyncio.gather(*(s.get(f"/{number}") for number in range(20)))

        assert [answer.text for answer in answers] == [f"/{number}" for number in range(20)]


async def test_too_large_a_response() -> None:
    """A response of more than 16 MiB is no template, but a 500; other types pass."""
    body = "x" * (16 * 1024 * 1024 + 1)

    assert (await rendered(body)).status == 500
    assert (await rendered(body, "image/png")).status == 200
