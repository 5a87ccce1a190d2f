"""Facts about `error`."""

from __future__ import annotations

import pytest

from snake.plugin import CaddyfileError
from tests.site import site

SHOW = "handle_errors {\n respond `{err.status_code} {err.status_text}: {err.message}`\n }"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("error 404", "404 Not Found: "),
        ("error gone", "500 Internal Server Error: gone"),
        ("error `gone {path} {nope}` 410", "410 Gone: gone /x {nope}"),
        ("error 503 {\n message later\n }", "503 Service Unavailable: later"),
        ("error why {query.code}", "418 I'm a teapot: why"),
    ],
)
async def test_error_routes_answer(line: str, expected: str) -> None:
    """The status and the message are there for `handle_errors`."""
    async with site(f":80 {{\n {line}\n {SHOW}\n}}") as s:
        response = await s.get("/x?code=418")

        assert response.text == expected
        assert response.status == int(expected[:3])


async def test_without_error_routes() -> None:
    """Without `handle_errors` the client gets the bare status and no message."""
    async with site(":80 {\n error secret 403\n}") as s:
        response = await s.get()

        assert (response.status, response.body) == (403, b"")


async def test_status_that_is_none() -> None:
    """A status that is no number once it is filled is 500."""
    async with site(":80 {\n error why {query.code}\n}") as s:
        assert (await s.get("/?code=x")).status == 500


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("error", "error takes a status, a message"),
        ("error a b c", "error takes a status, a message"),
        ("error a {\n message b\n }", "the message is given twice"),
        ("error 500 {\n mesage b\n }", 'did you mean "message"'),
    ],
)
def test_wrong_lines(line: str, message: str) -> None:
    """A line that cannot be meant is refused with what is wrong."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n {line}\n}}")
