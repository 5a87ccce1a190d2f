"""Facts about `route`."""

from __future__ import annotations

import pytest

from snake.plugin import CaddyfileError
from tests.site import site


async def test_order_is_kept() -> None:
    """Inside `route` the first line is the first to run; outside, lines are sorted."""
    async with site(":80 {\n route {\n respond a\n redir * /b\n }\n}") as s:
        assert (await s.get()).text == "a"
    async with site(":80 {\n respond a\n redir * /b\n}") as s:
        assert (await s.get()).status == 302


async def test_routes_do_not_exclude_each_other() -> None:
    """Every `route` that matches runs."""
    config = ":80 {\n route /a* {\n header X-A a\n }\n route {\n respond b\n }\n}"
    async with site(config) as s:
        response = await s.get("/a")

        assert (response.header("x-a"), response.text) == ("a", "b")


async def test_matchers_of_the_site_are_known() -> None:
    """A block knows the named matchers of the blocks around it, and may have its own."""
    config = """:80 {
        @a path /a
        route {
            @b path /b
            respond @a "a"
            respond @b "b"
        }
    }"""
    async with site(config) as s:
        assert [(await s.get(path)).text for path in ("/a", "/b", "/c")] == ["a", "b", ""]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("route x {\n }", "route takes no argument, got x"),
        ("route {\n handle_errors {\n }\n }", "handle_errors can only stand directly in a site"),
    ],
)
def test_wrong_lines(lines: str, message: str) -> None:
    """A matcher and a block of handlers, and nothing else."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n {lines}\n}}")
