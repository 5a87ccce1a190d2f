"""Facts about `root`."""

from __future__ import annotations

import pytest

from snake.plugin import CaddyfileError
from tests.directives.adapted import warnings
from tests.site import site


@pytest.mark.parametrize("line", ["root /srv", "root * /srv"])
async def test_one_root(line: str) -> None:
    """A lone argument is the path, not a matcher, even with a slash."""
    async with site(f":80 {{\n {line}\n respond {{vars.root}}\n}}") as s:
        assert (await s.get("/x")).text == "/srv"


async def test_the_most_specific_root() -> None:
    """Of several roots the most specific that matches counts."""
    config = ":80 {\n root /a\n root /x* /b\n root /x/y* /c\n respond {vars.root}\n}"
    async with site(config) as s:
        assert [(await s.get(path)).text for path in ("/", "/x", "/x/y")] == ["/a", "/b", "/c"]


@pytest.mark.parametrize("line", ["root", "root * a b", "root @nope /srv"])
def test_wrong_lines(line: str) -> None:
    """One path, and a matcher before it if there is one."""
    with pytest.raises(CaddyfileError):
        site(f":80 {{\n {line}\n}}")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("root a b", "b and what follows is ignored"),
        ("root /a {\nb\n}", "it takes no block"),
    ],
)
def test_what_is_too_much_is_warned_of(lines: str, message: str) -> None:
    """Caddy passes over it."""
    assert [each for each in warnings(lines) if message in each]
