"""Facts about `handle`."""

from __future__ import annotations

import pytest

from snake.plugin import CaddyfileError
from tests.site import site

CONFIG = """:80 {
    header X-All yes
    handle {
        respond "fallback"
    }
    handle /a* {
        respond "a"
    }
    handle /a/b* {
        header X-B yes
        handle /a/b/c {
            respond "c"
        }
        handle {
            respond "b {http.response.header.X-B}"
        }
    }
    handle /nothing {
        header X-Nothing yes
    }
}"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "fallback"),
        ("/a", "a"),
        ("/a/b", "b yes"),
        ("/a/b/c", "c"),
        ("/nothing", ""),
    ],
)
async def test_one_runs(path: str, expected: str) -> None:
    """Of the blocks of one level the most specific that matches runs, and no other."""
    async with site(CONFIG) as s:
        response = await s.get(path)

        assert response.text == expected
        assert response.header("x-all") == "yes"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("handle x {\n }", "handle takes no argument, got x"),
        ("handle {\n nope\n }", "unrecognized directive: nope"),
        ("handle {\n log\n }", "log can only stand directly in a site"),
    ],
)
def test_wrong_lines(lines: str, message: str) -> None:
    """A matcher and a block of handlers, and nothing else."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n {lines}\n}}")
