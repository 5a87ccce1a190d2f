"""http.server: errors to responses."""

from __future__ import annotations

from typing import Any

import pytest

from snake.http.errors import AbortError, HandlerError
from snake.http.handler import Message, Send
from snake.http.request import Request
from snake.http.server import make_app
from snake.transport.asgi import ResponseStartedError
from tests.site import needs, site_of_routes

FAIL = {"handle": [{"handler": "error", "status_code": 503, "error": "later"}]}


async def test_bare_status() -> None:
    """Without error routes a failure is its status and nothing else."""
    async with site_of_routes(FAIL) as site:
        response = await site.get()

        assert (response.status, response.body) == (503, b"")


async def test_error_routes() -> None:
    """Error routes answer, and know the error; their default status is the error's."""
    body = "{http.error.status_code} {http.error.message}"
    errors = {"routes": [{"handle": [{"handler": "static_response", "body": body}]}]}
    async with site_of_routes(FAIL, errors=errors) as site:
        response = await site.get()

        assert (response.status, response.text) == (503, "503 later")


async def test_error_routes_see_the_original_uri() -> None:
    """A rewrite before the failure is undone for the error routes."""
    rewrite = {"handle": [{"handler": "rewrite", "uri": "/inner"}]}
    errors = {
        "routes": [{"handle": [{"handler": "static_response", "body": "{http.request.uri}"}]}]
    }
    async with site_of_routes(rewrite, FAIL, errors=errors) as site:
        assert (await site.get("/outer?q=1")).text == "/outer?q=1"


async def test_error_routes_that_do_not_match() -> None:
    """When no error route matches, the bare status is sent."""
    errors = {"routes": [{"match": [{"path": ["/x"]}], "handle": [{"handler": "static_response"}]}]}
    async with site_of_routes(FAIL, errors=errors) as site:
        assert (await site.get("/y")).status == 503


async def test_error_in_error_routes() -> None:
    """A failure in the error routes ends with the bare status of what failed first."""
    again = {"handle": [{"handler": "error", "status_code": 502}]}
    async with site_of_routes(FAIL, errors={"routes": [again]}) as site:
        response = await site.get()

        assert (response.status, response.body) == (503, b"")


def header_route(**response: Any) -> dict[str, Any]:
    """Return a route that changes response headers."""
    return {"handle": [{"handler": "headers", "response": response}]}


async def test_early_headers_survive_an_error() -> None:
    """A header set before the failure is sent with the error's status."""
    async with site_of_routes(header_route(set={"X-A": ["1"]}), FAIL) as site:
        response = await site.get()

        assert (response.status, response.header("x-a")) == (503, "1")


async def test_too_late_for_an_error_page() -> None:
    """A failure after the response was started ends the connection; no second response is tried."""

    async def fail_late(request: Request, send: Send) -> None:
        del request
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise HandlerError(500, "too late")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start" and sent:
            raise ResponseStartedError
        sent.append(message)

    sent: list[Message] = []
    app = make_app(fail_late, None, None, needs())
    with pytest.raises(AbortError):
        await app(dict(GET), _nothing, send)

    assert [message["status"] for message in sent] == [200]


GET = {
    "type": "http",
    "method": "GET",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "headers": [],
}


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
