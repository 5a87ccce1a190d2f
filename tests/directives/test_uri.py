"""Facts about `uri`."""

from __future__ import annotations

import pytest

from snake.plugin import CaddyfileError
from tests.directives.adapted import warnings
from tests.site import site

PREFIX = [
    ("/api", "/api/x?a=b", "/x?a=b /x"),
    ("/api", "/api", "/ /"),
    ("/api", "/apix", "/x /x"),
    ("/api", "/API/x", "/x /x"),
    ("/api", "/a%70i/x%2Fy", "/x%2Fy /x/y"),
    ("/api", "/api%2Fx", "/x /x"),
    ("/api", "//api//x/../y", "/y /y"),
    ("/api", "/other//x", "/other/x /other/x"),
    ("api", "/api/x", "/x /x"),
    ("/a%2fb", "/a%2Fb/c", "/c /c"),
    ("/a%2fb", "/a/b/c", "/a/b/c /a/b/c"),
    ("//x", "//x/y", "/y /y"),
    ("//x", "/x/y", "/x/y /x/y"),
    ("/é", "/%C3%A9/x", "/x /x"),
    ("/{query.p}", "/v1/x?p=v1", "/x?p=v1 /x"),
]

SUFFIX = [
    (".php", "/a.PHP?x", "/a?x /a"),
    (".php", "/a%2ephp", "/a /a"),
    (".php", "/a.php/", "/a.php/ /a.php/"),
    ("/a", "/a", "/ /"),
    ("%2fa", "/x%2Fa", "/x /x"),
    ("%2fa", "/x/a", "/x/a /x/a"),
    ("//a", "/x///a", "/x/ /x/"),
    ("longer-than-the-path", "/a", "/a /a"),
]

OTHER = [
    ("replace /a /b", "/a/a?x=/a", "/b/b?x=/b /b/b"),
    ("replace /a /b 1", "/a/a?x=/a/a", "/b/a?x=/b/a /b/a"),
    ("replace // /", "/a//b///c", "/a/b//c /a/b//c"),
    ("replace /a /b", "/%2fa", "/%2fa //a"),
    ("replace {path.0} x", "/ab/c?ab", "/x/c?x /x/c"),
    ("replace b é", "/b?b", "/%C3%A9?é /é"),
    ("replace b {path}", "/%20b?b", "/%20/%20b?/%20b / / b"),
    ('replace "" x', "/a", "/a /a"),
    ("path_regexp /{2,} /", "/a//b///c", "/a/b/c /a/b/c"),
    ("path_regexp ^/([a-z]+)/([0-9]+)$ /$2-$1", "/ab/12?/ab/12", "/12-ab?/ab/12 /12-ab"),
    ("path_regexp .* {query.p}", "/a?p=%2Fz", "/z?p=%2Fz /z"),
    ('path_regexp .* ""', "/a", "/ /"),
]

QUERY = [
    ("query a b", "/?a=1&c=2&a=3", "a=b&c=2"),
    ("query +a {path}", "/?a=1", "a=1&a=%2F"),
    ("query -a", "/?a=1&b=2", "b=2"),
    ("query a>b", "/?a=1&a=2&b=3", "b=1&b=2"),
    ("query a>a", "/?a=1", "a=1"),
    ("query nope>b", "/?b=3", "b=3"),
    ("query a s(.) t$1", "/?a=sasb&b=sa", "a=tatb&b=sa"),
    ("query * q Q", "/?a=q&b=qq", "a=Q&b=QQ"),
    ("query nope q Q", "/?a=q", "a=q"),
    ("query {query.k} {nope}", "/?k=v", "k=v&v="),
    ('query "" x', "/?a=1", "a=1"),
    ("query", "/?b=%20&a=+&x=%zz&y=1;2&&c", "a=+&b=+&c="),
    ("query {\n a 1\n +a 2\n b>c\n -d\n}", "/?b=3&d=4", "a=1&a=2&c=3"),
    ("query é ü", "/?%C3%A9=1&%FF=%FE", "%C3%A9=%C3%BC&%FF=%FE"),
]


@pytest.mark.parametrize(
    ("operation", "target", "expected"),
    [
        *((f"strip_prefix {text}", *rest) for text, *rest in PREFIX),
        *((f"strip_suffix {text}", *rest) for text, *rest in SUFFIX),
        *OTHER,
    ],
)
async def test_path(operation: str, target: str, expected: str) -> None:
    """The path is changed in its encoded form, and what a client encoded stays encoded."""
    async with site(f":80 {{\n uri {operation}\n respond `{{uri}} {{path}}`\n}}") as s:
        assert (await s.get(target)).text == expected


@pytest.mark.parametrize(("operation", "target", "expected"), QUERY)
async def test_query(operation: str, target: str, expected: str) -> None:
    """The query is changed by key and written in the order of keys; what is no pair is lost."""
    async with site(f":80 {{\n uri {operation}\n respond {{query}}\n}}") as s:
        assert (await s.get(target)).text == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("uri", "uri knows: strip_prefix"),
        ("uri strip_prefx /a", 'did you mean "strip_prefix"'),
        ("uri strip_prefix", "wrong number of arguments"),
        ("uri strip_suffix a b", "wrong number of arguments"),
        ("uri replace a b many", 'the limit: "many" is no whole number'),
        ("uri path_regexp a", "wrong number of arguments"),
        ("uri query -a b", "cannot read this operation"),
        ("uri query +a", "cannot read this operation"),
        ("uri query a>b c", "cannot read this operation"),
        ("uri query a", "cannot read this operation"),
        ("uri query a b {\n c d\n }", "on the line or in the block"),
        ("uri query {\n a {\n }\n }", "takes no block"),
    ],
)
def test_wrong_lines(line: str, message: str) -> None:
    """A line that cannot be meant is refused with what is wrong."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n {line}\n}}")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("uri strip_prefix /a {\nb\n}", "only query takes a block"),
    ],
)
def test_what_is_too_much_is_warned_of(lines: str, message: str) -> None:
    """Caddy passes over it."""
    assert [each for each in warnings(lines) if message in each]
