"""The path matcher. Every row was asked of Caddy 2.11."""

from __future__ import annotations

import pytest

from tests.matchers.matching import matches, request


@pytest.mark.parametrize(
    ("pattern", "target", "expected"),
    [
        ("/foo", "/foo", True),
        ("/foo", "/FOO", True),
        ("/Foo", "/foo", True),
        ("/foo", "/foo/", False),
        ("/foo", "/foo?a=b", True),
        ("/", "/", True),
        ("/", "/a", False),
        ("*", "/anything", True),
        ("/foo*", "/foobar", True),
        ("/foo/*", "/foo", False),
        ("/foo/*", "/foo/", True),
        ("/admin/*", "/x/../admin/y", True),
        ("/admin/*", "/x/%2e%2e/admin/y", True),
        ("/admin/*", "//admin/y", True),
        ("/admin/*", "/admin/../y", False),
        ("*.php", "/x.PHP", True),
        ("*.php", "/x.php/y", False),
        ("*/part/*", "/a/part/b", True),
        ("*/part/*", "/a/parts/b", False),
        ("/x/*/y", "/x/1/y", True),
        ("/x/*/y", "/x/1/2/y", False),
        ("/q[a-c]", "/qb", True),
        ("/q[^a-c]", "/qb", False),
        ("/w?", "/w1", True),
        ("/w?", "/w/", False),
        ("/bad[", "/bad[", False),
        ("/a//b", "/a//b", True),
        ("/a//b", "/a/b", False),
        ("/A%2fb", "/a%2Fb", True),
        ("/A%2fb", "/a/b", False),
        ("/A%2fb", "/a%2Fbc", False),
        ("/c%*/d", "/cX/d", True),
        ("/c%*/d", "/cX%2f/d", True),
        ("/c%*/d", "/c%41/d", True),
        ("/e%25", "/e%25", True),
        ("/é", "/%C3%A9", True),
        ("/{http.request.header.x-p}/*", "/abc/d", True),
        ("/{http.request.header.x-p}", "/other", False),
    ],
)
async def test_path_matches(pattern: str, target: str, *, expected: bool) -> None:
    """Paths are compared decoded, cleaned and in any case; stars mean what their place says."""
    assert await matches({"path": [pattern]}, target, headers={"x-p": "abc"}) is expected


@pytest.mark.parametrize("target", ["/a", "/b/x", "/c.php", "/d//e", "/f/1/g"])
async def test_any_of_several_paths_matches(target: str) -> None:
    """Several patterns of different kinds match when one of them does."""
    assert await matches({"path": ["/a", "/b/*", "*.php", "/d//e", "/f/*/g"]}, target)
    assert not await matches({"path": ["/a", "/b/*", "*.php", "/d//e", "/f/*/g"]}, "/z")


async def test_rewritten_path_is_what_matches() -> None:
    """A path that was changed on the way is compared as it is now."""
    asked = request("/old")
    assert asked.clean_path == "/old"
    asked.set_path(b"/new%2F")

    assert asked.clean_path == "/new/"
