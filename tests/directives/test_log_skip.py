"""log_skip."""

from __future__ import annotations

import pytest

from tests.directives.adapted import mistake, warnings
from tests.site import site


@pytest.mark.parametrize(
    ("lines", "word", "message"),
    [
        ("log_skip yes", "yes", "log_skip takes no argument, got yes"),
        ("log_skip {\na\n}", "log_skip", "log_skip takes no block"),
    ],
)
def test_wrong_lines(lines: str, word: str, message: str) -> None:
    """It takes nothing but a matcher; an empty block is nothing."""
    assert mistake(lines) == (2, word, message)
    assert warnings("log_skip {\n}") == []


async def test_it_sets_the_variable() -> None:
    """The access log asks for it when the request is done."""
    async with site(":80 {\n log_skip /x\n respond <{vars.log_skip}>\n}") as s:
        assert (await s.get("/x")).text == "<true>"
        assert (await s.get("/y")).text == "<>"
