"""Facts about `header`."""

from __future__ import annotations

from typing import Any

import pytest

from snake.core.errors import ConfigError
from snake.http.header_edit import SERVER
from snake.plugin import CaddyfileError
from tests.directives.adapted import warnings
from tests.site import Response, site, site_of_routes


async def answer(config: str, target: str = "/", **headers: str) -> Response:
    """Return what a site answers to one GET."""
    async with site(f":80 {{\n{config}\n}}") as s:
        return await s.get(target, headers=headers)


def server_of(response: Response) -> list[str]:
    """Return the Server fields that the client would get."""
    start = next(m for m in response.messages if m["type"] == "http.response.start")
    given = response.headers("server")
    return given or ([SERVER[1].decode()] if start.get("server_header", True) else [])


async def test_set_and_add() -> None:
    """Setting replaces what was set before, adding does not; names have no case."""
    response = await answer(
        """
        header {
            X-A: one
            x-a two
            +X-B three
            +x-b four
            X-Empty
        }
        respond hi
        """
    )

    assert response.headers("x-a") == ["two"]
    assert response.headers("x-b") == ["three", "four"]
    assert response.headers("x-empty") == [""]


async def test_set_at_once_leaves_the_response_its_own() -> None:
    """What is set at once stands beside what a handler then adds; what is deferred replaces it."""
    handler: dict[str, Any] = {"handler": "static_response", "headers": {"X-A": ["own"]}}
    sets = {"handler": "headers", "response": {"set": {"X-A": ["set"]}}}
    deferred = {"handler": "headers", "response": {"set": {"X-A": ["set"]}, "deferred": True}}
    async with site_of_routes({"handle": [sets, handler]}) as s:
        assert (await s.get()).headers("x-a") == ["own"]
    async with site_of_routes({"handle": [deferred, handler]}) as s:
        assert (await s.get()).headers("x-a") == ["set"]


async def test_delete() -> None:
    """Fields are deleted by name, by prefix, by suffix, by a part, or all, whatever their case."""
    fields = "header {\n X-One 1\n X-Two 2\n Y-One 3\n}\nrespond hi"

    assert names(await answer(f"{fields}\nheader -x-ONE")) == ["x-two", "y-one"]
    assert names(await answer(f"{fields}\nheader -x-*")) == ["y-one"]
    assert names(await answer(f"{fields}\nheader -*-one")) == ["x-two"]
    assert names(await answer(f"{fields}\nheader -*-o*")) == ["x-two"]
    assert names(await answer(f"{fields}\nheader -*")) == []
    assert names(await answer(f"{fields}\nheader -X-{{query.which}}", "/?which=Two")) == [
        "x-one",
        "y-one",
    ]


def names(response: Response) -> list[str]:
    """Return the names of the fields that begin with X or Y."""
    return [name for name, _ in response.fields if name[0] in "xy"]


async def test_delete_everything_first() -> None:
    """`-*` comes before everything else in its block, wherever it is written."""
    response = await answer("header {\n X-A 1\n +X-B 2\n -*\n}\nrespond hi")

    assert names(response) == ["x-b", "x-a"]
    assert server_of(response) == []


async def test_default() -> None:
    """`?` sets a field that the response does not have, and leaves one that it has."""
    config = "header ?Content-Type a/b\nheader ?X-A yes\nrespond"

    assert (await answer(f"{config} hi")).headers("content-type") == ["text/plain; charset=utf-8"]
    assert (await answer(f"{config} 200")).headers("content-type") == ["a/b"]
    assert (await answer(f"{config} 200")).headers("x-a") == ["yes"]


async def test_match() -> None:
    """`match` makes all operations depend on the response: its status and its fields."""
    config = """
        header {
            match {
                status 2xx 404
                header Content-Type text/*
                header !X-No
            }
            X-A matched
        }
        respond hi {query.status}
    """

    assert names(await answer(config, "/?status=201")) == ["x-a"]
    assert names(await answer(config, "/?status=404")) == ["x-a"]
    assert names(await answer(config, "/?status=500")) == []
    assert names(await answer(f"{config}\nheader X-No no", "/?status=201")) == ["x-no"]
    assert names(await answer(f"{config}\nheader Content-Type a/b", "/?status=201")) == []


async def test_replace() -> None:
    """Text is replaced in every value of a field, with groups, in early and late fields alike."""
    config = """
        route {
            header +X-A "x1 x2"
            header +X-A "y3"
            header X-A "([xy])([0-9])" "$2${1}{method}$$"
            header * z q
            header >Content-Type plain html
            respond hi
        }
    """
    response = await answer(config)

    assert response.headers("x-a") == ["1xGET$ 2xGET$", "3yGET$"]
    assert response.header("content-type") == "text/html; charset=utf-8"


async def test_pattern_from_a_placeholder() -> None:
    """A pattern with a placeholder is made per request; one that is none changes nothing."""
    config = "route {\nheader X-A aXbX\nheader X-A {query.find} -\nrespond hi\n}"

    assert (await answer(config, "/?find=[aX]")).header("x-a") == "--b-"
    assert (await answer(config, "/?find=(")).header("x-a") == "aXbX"
    assert (await answer(config.replace("{query.find}", "X{1}"))).header("x-a") == "a-b-"


async def test_search_without_a_pattern() -> None:
    """The JSON can search for plain text, in every field with `*`."""
    ops = {"replace": {"*": [{"search": "a", "replace": "{http.request.method}"}]}}
    sets = {"handler": "headers", "response": {"set": {"X-A": ["a.b"], "X-B": ["ba"]}}}
    handlers = [sets, {"handler": "headers", "response": ops}, {"handler": "static_response"}]
    async with site_of_routes({"handle": handlers}) as s:
        response = await s.get()

        assert (response.header("x-a"), response.header("x-b")) == ("GET.b", "bGET")


async def test_placeholders() -> None:
    """Names and values are filled; what nobody knows stays, and a name that is none is left out."""
    config = "header X-{method} `{path} {nope}`\nheader {query.name} v\nrespond hi"

    response = await answer(config, "/p?name=X-Given")
    assert response.headers("x-get") == ["/p {nope}"]
    assert response.headers("x-given") == ["v"]
    assert names(await answer(config, "/p?name=bad%20name")) == ["x-get"]


async def test_no_value_makes_a_field() -> None:
    """A line break in a value becomes a space, so that it begins no field."""
    response = await answer("header X-A {path}\nrespond hi", "/%0D%0ASet-Cookie:x%00")

    assert response.headers("x-a") == ["/  Set-Cookie:x"]
    assert response.headers("set-cookie") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("header -Server", []),
        ("header -S*", []),
        ("header Server mine", ["mine"]),
        ("header >Server mine", ["mine"]),
        ("header ?Server mine", ["snake"]),
        ("header +Server mine", ["snake", "mine"]),
        ("header Server sna(.) $1", ["ke"]),
        ("header >Server sna x", ["xke"]),
        ("header X-A b", ["snake"]),
        ("header {\n -Server\n -Server\n}", []),
        ("header -Server\nheader -Via", []),
        ("header -Server\nheader >Server late", []),
        ("header >Server late\nheader -Server", ["late"]),
    ],
)
async def test_server_field(line: str, expected: list[str]) -> None:
    """The Server field is there for every operation, though the transport adds it."""
    assert server_of(await answer(f"route {{\n{line}\nrespond hi\n}}")) == expected


async def test_server_is_deleted_at_once() -> None:
    """JSON can delete the Server field without waiting for the response."""
    headers = {"handler": "headers", "response": {"delete": ["Server"]}}
    async with site_of_routes({"handle": [headers, {"handler": "static_response"}]}) as s:
        assert server_of(await s.get()) == []


async def test_errors_keep_what_was_set_at_once() -> None:
    """When a handler fails, fields set at once stay and deferred operations are lost."""
    response = await answer("header X-A 1\nheader >X-B 2\nheader ?X-C 3\nerror 500")

    assert response.status == 500
    assert names(response) == ["x-a"]


async def test_last_word() -> None:
    """Of several deferred operations on a field the outermost, which is the first, wins."""
    response = await answer("route {\nheader >X-A outer\nheader >X-A inner\nrespond hi\n}")

    assert response.headers("x-a") == ["outer"]


async def test_header_without_operations() -> None:
    """A `header` that does nothing makes no handler."""
    response = await answer("header\nheader {\n}\nrespond hi")

    assert response.text == "hi"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("header a b c d", "2: header: d and what follows is ignored"),
        ("header a b c d {\ne f\n}", "2: header: d and what follows is ignored"),
        ("header {\na b c d\n}", "3: header: what follows a is read as fields"),
        ("header {\na {\nb\n}\n}", "3: header: what follows { is read as fields"),
        ("header {\ndefer now\n}", "3: header: what follows defer is read as fields"),
    ],
)
def test_what_is_too_much_is_warned_of(lines: str, message: str) -> None:
    """Caddy ignores what it does not expect on the line, and reads it as fields in the block."""
    assert any(message in each for each in warnings(lines))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("header a b {\n c d\n }", "on the line or in the block"),
        ("header {\n match cookie a\n }", "unrecognized response matcher: cookie"),
        ("header {\n match status\n }", "status takes codes"),
        ("header {\n match status 2x\n }", "bad status value 2x"),
        ("header {\n match header X\n }", "expected both field and value"),
    ],
)
def test_wrong_lines(line: str, message: str) -> None:
    """A line that cannot be meant is refused with what is wrong."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n {line}\n}}")


@pytest.mark.parametrize(
    ("ops", "message"),
    [
        ({"replace": {"A": [{"search_regexp": "("}]}}, "routes/0/handle/0/response/replace: "),
        ({"replace": {"A": [{"search": "a", "search_regexp": "b"}]}}, "exclude each other"),
        ({"sett": {}}, 'unknown field "sett"'),
    ],
)
async def test_wrong_json(ops: dict[str, Any], message: str) -> None:
    """What cannot work is refused when the configuration is loaded, with its place."""
    with pytest.raises(ConfigError, match=message):
        async with site_of_routes({"handle": [{"handler": "headers", "response": ops}]}):
            pass
