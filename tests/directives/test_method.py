"""method."""

from __future__ import annotations

import pytest

from tests.directives.adapted import mistake, warnings
from tests.site import site


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("method put", "PUT GET"),
        ("method {header.X-Method}", "DELETE GET"),
        ("method /other POST", "GET GET"),
    ],
)
async def test_what_follows_sees_the_new_method(line: str, shown: str) -> None:
    """In upper case; the old one is still known."""
    async with site(f":80 {{\n {line}\n respond `{{method}} {{orig_method}}`\n}}") as s:
        assert (await s.get("/", headers={"X-Method": "Delete"})).text == shown


@pytest.mark.parametrize(
    ("lines", "word", "message"),
    [
        ("method", "method", "method takes one method, got 0"),
        ("method GET POST", "POST", "method takes one method, got 2"),
    ],
)
def test_wrong_lines(lines: str, word: str, message: str) -> None:
    """It takes one method."""
    assert mistake(lines) == (2, word, message)


def test_block_is_warned_of() -> None:
    """Caddy reads no block there, and does not mind one."""
    assert "takes no block" in warnings("method GET {\na\n}")[0]
