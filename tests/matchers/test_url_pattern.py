"""The url_pattern matcher."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from snake.plugin import CaddyfileError
from tests.matchers.matching import provisioned, request
from tests.site import site


@pytest.mark.parametrize(
    ("pattern", "base_url", "target", "expected"),
    [
        ("/books/:id", "", "/books/12", {"pathname.id": "12"}),
        ("/books/:id", "", "/books/12/13", None),
        ("/books/:id", "", "/BOOKS/12", None),
        ("/books/:id(\\d+)", "", "/books/a", None),
        ("/books{/:id}?", "", "/books", {"pathname.id": ""}),
        ("/:a+", "", "/x/y", {"pathname.a": "x/y"}),
        ("/s/*", "", "/s/a/b", {"pathname.0": "a/b"}),
        ("/q\\?k=:v", "", "/q?k=1", {"search.v": "1"}),
        ("http://*.com/:id", "", "/1", {"hostname.0": "example", "pathname.id": "1"}),
        ("/:id", "http://example.com", "/1", {"pathname.id": "1"}),
        ("/:id", "http://example.org", "/1", None),
    ],
)
async def test_pattern(
    pattern: str, base_url: str, target: str, expected: dict[str, str] | None
) -> None:
    """What matches leaves its groups, by component and name."""
    match = await provisioned(url_pattern={"pattern": pattern, "base_url": base_url})
    asked = request(target)

    assert match(asked) is (expected is not None)
    for name, value in (expected or {}).items():
        assert (asked.values or {})[f"http.url_pattern.{name}"] == value


@pytest.mark.parametrize(
    ("pattern", "target", "expected"),
    [
        ("/books/:id", "/BOOKS/Ab", {"id": "Ab"}),
        ("/books/:id([a-z]+)", "/Books/XY", {"id": "XY"}),
        ("/books/:id([a-z]+)", "/Books/12", None),
        ("/b{/:id}?/*", "/B/x/Y", {"id": "x", "0": "Y"}),
        ("/b{/:id}?", "/B", {"id": ""}),
        ("/b{oo}+k", "/BOOooK", {}),
        ("/:a+", "/X/y", {"a": "X/y"}),
        ("/x{-:a-}*", "/X-a--B-", {"a": "a--B"}),
        ("/x{-:a-}*", "/X", {"a": ""}),
        ("/(a|b)/(.*)", "/B/c", {"0": "B", "1": "c"}),
        ("/a\\:b", "/A:B", {}),
        ("/a.b", "/Axb", None),
        ("/:id.php", "/x.PHP", {"id": "x"}),
    ],
)
async def test_case_may_be_ignored(
    pattern: str, target: str, expected: dict[str, str] | None
) -> None:
    """With `ignore_case`, letters of either case match, and groups are as they were sent."""
    match = await provisioned(url_pattern={"pattern": pattern, "ignore_case": True})
    asked = request(target)

    assert match(asked) is (expected is not None)
    for name, value in (expected or {}).items():
        assert (asked.values or {})[f"http.url_pattern.pathname.{name}"] == value


@pytest.mark.parametrize("pattern", ["/(", "/:", "/{a", "/:id:id", "/(?:x)"])
@pytest.mark.parametrize("ignore_case", [False, True])
async def test_wrong_pattern_is_refused(pattern: str, *, ignore_case: bool) -> None:
    """What is no pattern is refused when the config is loaded."""
    with pytest.raises(ConfigError, match="unable to parse URL pattern"):
        await provisioned(url_pattern={"pattern": pattern, "ignore_case": ignore_case})


async def test_host_that_is_none_matches_nothing() -> None:
    """A Host field that is no host is no fault of the pattern."""
    match = await provisioned(url_pattern={"pattern": "/*"})

    assert not match(request("/", host="a b"))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("@a url_pattern", "url_pattern takes exactly one URL pattern"),
        ("@a url_pattern /a /b", "url_pattern takes exactly one URL pattern"),
        ("@a url_pattern /a {\nignore_cas\n}", 'did you mean "ignore_case"?'),
        ("@a url_pattern /a {\nignore_case on\n}", "ignore_case takes no argument, got on"),
        ("@a url_pattern /a {\nbase_url\n}", "base_url takes a URL"),
    ],
)
def test_wrong_line_is_refused(lines: str, message: str) -> None:
    """What Caddy refuses is refused with the reason."""
    with pytest.raises(CaddyfileError) as raised:
        site(f":80 {{\n{lines}\n}}")

    assert message in str(raised.value)
