"""Facts about `handle_errors`."""

from __future__ import annotations

import pytest

from snake.plugin import CaddyfileError
from tests.site import site

CONFIG = """:80 {
    error "went wrong" {query.code}
    handle_errors {
        respond "any {err.status_code}"
    }
    handle_errors 404 410 {
        respond "single {err.status_text}"
    }
    handle_errors 5xx 418 {
        rewrite * /inside
        respond "class {err.message} {path} {orig_path}" 599
    }
}"""


@pytest.mark.parametrize(
    ("code", "status", "body"),
    [
        (404, 404, "single Not Found"),
        (410, 410, "single Gone"),
        (418, 599, "class went wrong /inside /a"),
        (500, 599, "class went wrong /inside /a"),
        (599, 599, "class went wrong /inside /a"),
        (403, 403, "any 403"),
        (600, 600, "any 600"),
    ],
)
async def test_codes_choose(code: int, status: int, body: str) -> None:
    """Blocks with codes come before those without; the status is the error's own."""
    async with site(CONFIG) as s:
        response = await s.get(f"/a?code={code}")

        assert (response.status, response.text) == (status, body)


async def test_error_without_a_block() -> None:
    """An error that no block is for ends with its bare status."""
    async with site(":80 {\n error 500\n handle_errors 404 {\n respond a\n }\n}") as s:
        response = await s.get()

        assert (response.status, response.body) == (500, b"")


async def test_block_that_does_not_answer() -> None:
    """A block that answers nothing leaves the status, with the headers that it set."""
    async with site(":80 {\n error 500\n handle_errors {\n header X-A b\n }\n}") as s:
        response = await s.get()

        assert (response.status, response.header("x-a")) == (500, "b")


async def test_each_error_has_its_name() -> None:
    """`{err.id}` is a short name, another one for each failure."""
    async with site(":80 {\n error 500\n handle_errors {\n respond {err.id}\n }\n}") as s:
        first, second = (await s.get()).text, (await s.get()).text

        assert len(first) == len(second) == 9
        assert first != second


@pytest.mark.parametrize("code", ["40", "4x", "xxx", "axx", "1.2", "4040", "4xxx"])
def test_wrong_codes(code: str) -> None:
    """A code is a status of three digits or a class."""
    with pytest.raises(CaddyfileError, match=f"bad status value {code}"):
        site(f":80 {{\n handle_errors {code} {{\n respond a\n }}\n}}")
