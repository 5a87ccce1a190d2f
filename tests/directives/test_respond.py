"""Facts about `respond`."""

from __future__ import annotations

import pytest

from snake.plugin import CaddyfileError
from tests.site import site, site_of_routes


async def test_body_has_a_type() -> None:
    """A body is plain text unless told otherwise, whatever it looks like.

    The transport tells its length.
    """
    async with site(":80 {\n respond <b>hi</b>\n}") as s:
        response = await s.get()

        assert (response.status, response.text) == (200, "<b>hi</b>")
        assert response.header("content-type") == "text/plain; charset=utf-8"
        assert response.header("content-length") is None


@pytest.mark.parametrize(
    ("body", "type"),
    [
        ('{"a": 1}', "application/json"),
        (' [1, {"b": null}] ', "application/json"),
        ('{"a": 1', "text/plain; charset=utf-8"),
        ("[1, NaN]", "text/plain; charset=utf-8"),
        ("[]", "text/plain; charset=utf-8"),
        ("12345", "text/plain; charset=utf-8"),
        ("[" * 5000 + "]" * 5000, "text/plain; charset=utf-8"),
    ],
)
async def test_json_body_is_json(body: str, type: str) -> None:
    """An object or array that is valid JSON, and has something in it, is sent as JSON."""
    async with site_of_routes({"handle": [{"handler": "static_response", "body": body}]}) as s:
        assert (await s.get()).header("content-type") == type


async def test_lone_number_is_the_status() -> None:
    """Three digits alone are a status, with an empty body and no type."""
    async with site(":80 {\n respond 404\n}") as s:
        response = await s.get()

        assert (response.status, response.body) == (404, b"")
        assert response.header("content-type") is None


@pytest.mark.parametrize("status", [204, 304])
async def test_status_without_body(status: int) -> None:
    """A status that has no body gets none, and no length."""
    async with site(f":80 {{\n respond hello {status}\n}}") as s:
        response = await s.get()

        assert response.body == b""
        assert response.header("content-length") is None


async def test_not_modified_has_no_type() -> None:
    """A 304 describes no content: not even with the type that `respond` would add."""
    async with site(":80 {\n respond hello 304\n}") as s:
        assert (await s.get()).header("content-type") is None


async def test_placeholders() -> None:
    """Known placeholders are filled, in body and status; unknown ones stay in the body."""
    async with site(":80 {\n respond `{path} {nope}` {query.code}\n}") as s:
        response = await s.get("/a?code=299")

        assert (response.status, response.text) == (299, "/a {nope}")


@pytest.mark.parametrize("code", ["abc", "", "20", "1000", "-200", "200.5"])
async def test_status_that_is_none(code: str) -> None:
    """A status that is no number of three digits once it is filled is an error 500."""
    async with site(":80 {\n respond hi {query.code}\n}") as s:
        response = await s.get(f"/?code={code}")

        assert (response.status, response.body) == (500, b"")


async def test_type_that_is_set_stays() -> None:
    """A type from `header`, or in the JSON, is not replaced; an empty one is."""
    async with site(":80 {\n header Content-Type text/html\n respond hi\n}") as s:
        assert (await s.get()).headers("content-type") == ["text/html"]
    async with site(':80 {\n header Content-Type ""\n respond hi\n}') as s:
        assert (await s.get()).headers("content-type") == ["text/plain; charset=utf-8"]


async def test_headers_replace_early_ones() -> None:
    """The response's own headers replace those that were set before it."""
    route = {
        "handle": [
            {"handler": "headers", "response": {"set": {"X-A": ["early"], "X-B": ["kept"]}}},
            {"handler": "static_response", "headers": {"x-a": ["1", "{http.request.method}"]}},
        ]
    }
    async with site_of_routes(route) as s:
        response = await s.get()

        assert response.headers("x-a") == ["1", "GET"]
        assert response.headers("x-b") == ["kept"]


async def test_close() -> None:
    """`close` tells the client, and the transport, that the connection ends."""
    async with site(":80 {\n respond hi {\n close\n }\n}") as s:
        assert (await s.get()).header("connection") == "close"


async def test_early_hints_are_not_the_answer() -> None:
    """After a 103 what follows answers, and keeps the headers."""
    hints = {
        "handler": "static_response",
        "status_code": 103,
        "headers": {"Link": ["</a.css>; rel=preload"]},
        "body": "not sent",
    }
    final = {"handler": "static_response", "body": "final"}
    async with site_of_routes({"handle": [hints, final]}) as s:
        response = await s.get()

        assert (response.status, response.text) == (200, "final")
        assert response.headers("link") == ["</a.css>; rel=preload"]
        assert len(response.headers("content-type")) == 1


async def test_default_status_in_error_routes() -> None:
    """In `handle_errors` the status is the error's, unless one is given."""
    config = (
        ":80 {\n error /a 404\n error 500\n handle_errors {\n respond /b b 200\n respond a\n }\n}"
    )
    async with site(config) as s:
        assert (await s.get("/a")).status == 404
        assert (await s.get("/b")).status == 200


async def test_text_that_is_not_ascii() -> None:
    """Bytes of the request that are not UTF-8 come back as they came."""
    async with site(":80 {\n respond `é {path}`\n}") as s:
        assert (await s.get("/%FF")).body == "é ".encode() + b"/\xff"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("respond", "respond takes a status, a body, or a body and a status"),
        ("respond /x", "respond takes a status, a body, or a body and a status"),
        ("respond a b c", "respond takes a status, a body, or a body and a status"),
        ("respond a 200 {\n body b\n }", "respond: body is given twice"),
        ("respond 200 {\n close yes\n }", "unrecognized subdirective: yes"),
        ("respond 200 {\n bdoy x\n }", 'unrecognized subdirective: bdoy; did you mean "body"'),
        ("respond 200 {\n close\n close\n }", "close is given twice"),
    ],
)
def test_wrong_lines(line: str, message: str) -> None:
    """A line that cannot be meant is refused with what is wrong."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n {line}\n}}")
