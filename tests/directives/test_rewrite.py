"""Facts about `rewrite`."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from snake.core.errors import ConfigError
from snake.plugin import CaddyfileError
from tests.directives.adapted import warnings
from tests.site import site, site_of_routes

SHOW = "respond `{uri} {path} {query} {orig_uri}`"


@pytest.mark.parametrize(
    ("to", "target", "expected"),
    [
        ("/new", "/old?a=1", "/new?a=1 /new a=1"),
        ("/new?b=2", "/old?a=1", "/new?b=2 /new b=2"),
        ("/new?", "/old?a=1", "/new /new "),
        ("?b=2", "/old?a=1", "/old?b=2 /old b=2"),
        ("/new?{query}&b=2", "/old?a=%20+", "/new?a=%20+&b=2 /new a=%20+&b=2"),
        ("/new?{query}&b=2", "/old", "/new?b=2 /new b=2"),
        (
            "/new?b={path}&c={query}",
            "/o%26d?x=y",
            "/new?b=%2Fo%26d&c=x%3Dy /new b=%2Fo%26d&c=x%3Dy",
        ),
        ("/new?a=b=c&&{query.x}={query.y}", "/?x=%20&y=1", "/new?a=b=c&+=1 /new a=b=c&+=1"),
        ("/p{path}", "/a%2Fb%3Fc%25", "/p/a/b%3Fc%25 /p/a/b?c% "),
        ("/p{uri}", "/a?b=c", "/p/a?b=c /p/a b=c"),
        ("/p{uri}?d=e", "/a?b=c", "/p/a?d=e /p/a d=e"),
        ("/p{uri}?", "/a?b={env.HOME}&&c", "/p/a?b=%7Benv.HOME%7D&c /p/a b=%7Benv.HOME%7D&c"),
        ("/a#b?c", "/z?q", "/a?q /a q"),
        ("/a%20b%2fc", "/", "/a%20b/c /a b/c "),
        ("/bad%zz", "/", "/bad%25zz /bad%zz "),
        ("/{nope}x", "/", "/x /x "),
        ("{nope}", "/a", "/ / "),
        ("relative", "/a", "relative relative "),
    ],
)
async def test_target(to: str, target: str, expected: str) -> None:
    """Only the parts that the target has are changed; values are encoded where they go."""
    async with site(f":80 {{\n rewrite * {to}\n {SHOW}\n}}") as s:
        assert (await s.get(target)).text == f"{expected} {target}"


async def test_only_the_first_match() -> None:
    """Of several rewrites one runs, the most specific; a lone path is a target."""
    config = ":80 {\n rewrite /z\n rewrite /a* /b\n rewrite /b* /c\n respond {path}\n}"
    async with site(config) as s:
        assert [(await s.get(path)).text for path in ("/a", "/b", "/x")] == ["/b", "/c", "/z"]


async def test_later_matchers_see_the_new_uri() -> None:
    """What follows is matched against the URI as it is then."""
    async with site(":80 {\n rewrite /a /b\n respond /b new\n respond /a old\n}") as s:
        assert (await s.get("/a")).text == "new"


async def test_method() -> None:
    """JSON can change the method, in capitals whatever it is given."""
    rewrite = {"handler": "rewrite", "method": "p{http.request.uri.query.m}"}
    show = {"handler": "static_response", "body": "{http.request.method}"}
    async with site_of_routes({"handle": [rewrite, show]}) as s:
        assert (await s.get("/?m=ut")).text == "PUT"


async def test_errors_see_the_original() -> None:
    """In the error routes the URI is again what the client sent."""
    async with site(f":80 {{\n rewrite /b\n error 404\n handle_errors {{\n {SHOW}\n }}\n}}") as s:
        assert (await s.get("/a?x")).text == "/a?x /a x /a?x"


async def test_rewrite_is_logged_when_debugging(caplog: pytest.LogCaptureFixture) -> None:
    """A rewrite that changes something is a debug record with the old and the new URI."""
    with caplog.at_level(logging.DEBUG, "snake.http.handlers.rewrite"):
        async with site(":80 {\n rewrite /a /b\n}") as s:
            await s.get("/a")
            await s.get("/c")

    records = [record for record in caplog.records if record.name.endswith("rewrite")]
    assert [vars(record)["fields"]["uri"] for record in records] == ["/b"]


@pytest.mark.parametrize("line", ["rewrite", "rewrite * /a /b"])
def test_wrong_lines(line: str) -> None:
    """One target, and a matcher before it if there is one."""
    with pytest.raises(CaddyfileError):
        site(f":80 {{\n {line}\n}}")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"path_regexp": [{"find": "("}]}, "invalid regular expression"),
        ({"path_regexp": [{"replace": "a"}]}, "find cannot be empty"),
        (
            {"query": {"replace": [{"key": "a", "search_regexp": "["}]}},
            "invalid regular expression",
        ),
        ({"url": "/"}, 'unknown field "url"; did you mean "uri"'),
    ],
)
async def test_wrong_json(fields: dict[str, Any], message: str) -> None:
    """What cannot work is refused when the configuration is loaded."""
    with pytest.raises(ConfigError, match=message):
        async with site_of_routes({"handle": [{"handler": "rewrite", **fields}]}):
            pass


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("rewrite a b", "b and what follows is ignored"),
        ("rewrite /a {\nb\n}", "it takes no block"),
    ],
)
def test_what_is_too_much_is_warned_of(lines: str, message: str) -> None:
    """Caddy passes over it."""
    assert [each for each in warnings(lines) if message in each]
