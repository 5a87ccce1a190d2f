"""Facts about `redir`."""

from __future__ import annotations

import pytest

from snake.plugin import CaddyfileError
from tests.directives.adapted import warnings
from tests.site import site


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("", 302),
        ("temporary", 302),
        ("permanent", 301),
        ("308", 308),
        ("401", 401),
        ("{query.code}", 303),
    ],
)
async def test_codes(code: str, status: int) -> None:
    """The code is 302 unless it is given, by number, by name or by placeholder."""
    async with site(f":80 {{\n redir https://x{{uri}} {code}\n}}") as s:
        response = await s.get("/a%20b?code=303")

        assert response.status == status
        assert response.header("location") == "https://x/a%20b?code=303"
        assert response.body == b""


async def test_html() -> None:
    """`html` answers 200 with a page that has the target escaped, and no Location."""
    async with site(":80 {\n redir `x?a=<b>&\"c'` html\n}") as s:
        response = await s.get()

        assert response.status == 200
        assert response.header("content-type") == "text/html; charset=utf-8"
        assert response.header("location") is None
        assert 'window.location.replace("x?a=&lt;b&gt;&amp;&#34;c&#39;")' in response.text


async def test_line_breaks_in_the_target() -> None:
    """What a client puts into a target can not begin a field of its own."""
    async with site(":80 {\n redir * https://x{path}\n}") as s:
        response = await s.get("/%0d%0aSet-Cookie:%20a=b")

        assert response.header("location") == "https://x/  Set-Cookie: a=b"
        assert response.header("set-cookie") is None


async def test_unknown_placeholder_stays() -> None:
    """A placeholder that nobody knows stays in the target as it is written."""
    async with site(":80 {\n redir * /a{nope}b\n}") as s:
        assert (await s.get()).header("location") == "/a{nope}b"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("redir", "redir takes a target"),
        ("redir /x", "redir takes a target"),
        ("redir x 200", "200 is no code to redirect with"),
        ("redir x 404", "404 is no code to redirect with"),
        ("redir x forever", "forever is no code to redirect with"),
    ],
)
def test_wrong_lines(line: str, message: str) -> None:
    """A lone path is a matcher and no target; a code that does not redirect is none."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n {line}\n}}")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("redir x 302 y {\nz\n}", "y and what follows is ignored"),
        ("redir x {\ny\n}", "it takes no block"),
    ],
)
def test_what_is_too_much_is_warned_of(lines: str, message: str) -> None:
    """Caddy passes over it."""
    assert [each for each in warnings(lines) if message in each]
