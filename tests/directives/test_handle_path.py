"""Facts about `handle_path`."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from snake.http.request import Request
from snake.http.uri_edit import Edit, set_uri, strip_prefix
from snake.plugin import CaddyfileError
from tests.site import site

CONFIG = """:80 {
    handle_path /api/* {
        handle_path /v1* {
            respond "v1 {uri}"
        }
        respond "api {uri}"
    }
    handle_path /exact {
        respond "exact {uri}"
    }
    handle_path /* {
        respond "all {uri}"
    }
}"""


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/api/x?y", "api /x?y"),
        ("/api/", "api /"),
        ("/api", "all /api"),
        ("/api/v1/x", "v1 /x"),
        ("/API/V12", "v1 /2"),
        ("/exact", "exact /"),
        ("/exact/x", "all /exact/x"),
    ],
)
async def test_prefix_is_taken_off(target: str, expected: str) -> None:
    """Inside, the path is what follows the prefix; the blocks exclude each other."""
    async with site(CONFIG) as s:
        assert (await s.get(target)).text == expected


@pytest.mark.parametrize(
    ("edits", "path", "prefix"),
    [
        ([strip_prefix("/api")], "/api/x", "/api"),
        ([strip_prefix("/api")], "/API/x", "/API"),
        ([strip_prefix("/api")], "/%61pi/x", "/api"),
        ([strip_prefix("/api/")], "/api/x", "/api"),
        ([strip_prefix("/api")], "/other", ""),
        ([strip_prefix("/")], "/x", ""),
        ([strip_prefix("/a"), strip_prefix("/b")], "/a/b/c", "/a/b"),
        ([strip_prefix("/a"), set_uri("/b")], "/a/x", ""),
        ([strip_prefix("/a"), set_uri("?b")], "/a/x", "/a"),
    ],
)
def test_prefix_is_remembered(edits: Sequence[Edit], path: str, prefix: str) -> None:
    """What was really taken off is known to apps, until the whole path is replaced."""
    scope = {"method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    request = Request(scope, None)  # type: ignore[arg-type]

    for edit in edits:
        edit(request)

    assert request.prefix == prefix


@pytest.mark.parametrize(
    "line", ["handle_path", "handle_path @x", "handle_path x", "handle_path *"]
)
def test_wrong_lines(line: str) -> None:
    """The one matcher is a path."""
    with pytest.raises(CaddyfileError, match="handle_path"):
        site(f":80 {{\n @x method GET\n {line} {{\n respond a\n }}\n}}")
