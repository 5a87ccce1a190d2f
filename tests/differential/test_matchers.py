"""Caddy and snake match the same requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.pair import Pair, ask, pair
from tests.differential.test_files import write_site

MATCHERS = {
    "path-exact": "path /a /B/",
    "path-prefix": "path /pre* /dir/*",
    "path-suffix": "path *.php",
    "path-part": "path */part/*",
    "path-glob": "path /x/*/y /q[a-c] /w? /n[^a]n /bad[",
    "path-escaped": "path /A%2fb /c%*/d /e%25 /f/%*/g/*",
    "path-slashes": "path /s//t",
    "path-placeholder": "path /{http.request.header.X-P}/*",
    "regexp": "path_regexp r ^/r/(?P<n>[0-9]+)/(x)?",
    "method": "method get POST",
    "host": "host Example.com *.wild.example {http.request.header.X-Host}",
    "header": "header X-A foo*",
    "header-many": "header X-A *o*\n\t\theader X-A exact\n\t\theader !X-B",
    "header-host": "header Host *.com",
    "header-placeholder": "header X-A {http.request.header.X-P}*",
    "query": "query a=1 a=2 b=*",
    "query-empty": 'query ""',
    "query-placeholder": "query {http.request.header.X-P}={http.request.method}",
    "protocol-http": "protocol http",
    "protocol-https": "protocol https",
    "protocol-11": "protocol http/1.1",
    "protocol-2": "protocol http/2+",
    "remote": "remote_ip 127.0.0.0/8",
    "remote-other": "remote_ip 10.0.0.0/8 ::1",
    "not": "not path /a /r/*",
    "not-block": "not {\n\t\t\tmethod GET\n\t\t\tpath /a\n\t\t}\n\t\tnot header X-B *",
    "expression": 'expression {path} == "/a" || {method} in ["POST"] && !({query} != "")',
    "file": "file",
    "file-folder": "file {path}/",
    "file-glob": "file none*.txt {path}*.css",
    "file-split": "file {\n\t\t\tsplit_path .xhtml\n\t\t}",
    "file-size": "file a.txt big.* README {\n\t\t\ttry_policy smallest_size\n\t\t}",
}
"""Matchers by the name of the header that says that they matched."""

NAMES = ("http.matchers.file.relative", "http.matchers.file.type", "http.matchers.file.remainder")


def site() -> str:
    """Return a site that tells in headers which matchers matched, and what they left."""
    lines = ["http://:PORT {", "\troot ../site"]
    for name, body in MATCHERS.items():
        word = f"@{name.replace('-', '_')}"
        lines += [f"\t{word} {{", f"\t\t{body}", "\t}", f"\theader {word} X-Match-{name} yes"]
    lines += [f"\theader @file_split X-{name.rpartition('.')[2]} {{{name}}}" for name in NAMES]
    lines += ["\theader @regexp X-Groups `{re.r.0} {re.r.1} {re.r.n} {re.r.2} {re.1}`"]
    return "\n".join([*lines, "\trespond ok", "}", ""])


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Serve the matchers with both."""
    folder = tmp_path_factory.mktemp("both")
    write_site(folder / "site")
    with pair(site(), folder) as servers:
        yield servers


TARGETS = [
    *("/", "/a", "/A", "/a/", "/b/", "/B", "/a?x", "/x/../a", "/x/%2e%2e/a", "//a", "/./a", "/%61"),
    *("/pre", "/prefix/x", "/Pre", "/dir", "/dir/", "/DIR/x", "/dir/../x", "/x.php", "/x.PHP"),
    *(
        "/x.php/",
        "/x.php?y.txt",
        "/a/part/b",
        "/part/",
        "/a/parts/b",
        "/x/1/y",
        "/x/1/2/y",
        "/x//y",
    ),
    *("/qb", "/qd", "/w1", "/w/", "/w%2F", "/nbn", "/nan", "/bad[", "/a%2Fb", "/a%2fB", "/a/b"),
    *("/a%2Fbc", "/c%41/d", "/cX%2f/d", "/cX/d", "/c/d", "/e%25", "/f/a%2Fb/g/h", "/f/a/g/"),
    *(
        "/s//t",
        "/s/t",
        "/s///t",
        "//s//t",
        "/val/x",
        "/VAL/x",
        "/r/12/",
        "/r/12/x",
        "/r/x/",
        "/R/1/",
    ),
    *("/?a=2&b", "/?a=3&a=1&b=2", "/?a=1", "/?a=1;b=2", "/?;", "/?&", "/?a=%zz&b", "/?%61=1&b=%20"),
    *("/?val=GET", "/?val=get", "/?a=1&b=x+y", "/a.txt", "/A.txt", "/folder", "/folder/", "/big"),
    *("/page.XHTML/rest/of/it", "/page.XHTML", "/sp%20ace", "/%C3%A9t%C3%A9", "/..%2fsite/a.txt"),
    *(
        "/a.txt/x",
        "/link.txt",
        "/%5Bx%5D",
        "/*",
        "/%2A",
        "/b*",
        "/%00",
    ),
]


@pytest.mark.parametrize("target", TARGETS)
def test_target_matches_alike(both: Pair, target: str) -> None:
    """Every spelling of a path and a query matches the same matchers."""
    caddy, snake = both.ask(target, headers={"X-P": "val", "X-Host": "named.example"})

    assert snake == caddy


HEADERS = [
    {},
    {"Host": "EXAMPLE.com:99"},
    {"Host": "plain.com"},
    {"Host": "a.wild.example"},
    {"Host": "a.b.wild.example"},
    {"Host": "wild.example"},
    {"Host": "named.example", "X-Host": "Named.Example"},
    {"Host": "[::1]:80", "X-Host": "::1"},
    {"X-A": "foobar"},
    {"X-A": "Foobar"},
    {"X-A": "exact", "X-B": ""},
    {"x-a": "two", "X-P": "t"},
    {"X-B": "there"},
    {"X-P": "*"},
]


@pytest.mark.parametrize("method", ["GET", "POST", "get", "Post", "DELETE", "FOO"])
@pytest.mark.parametrize(
    "headers",
    HEADERS,
    ids=str,
)
def test_headers_match_alike(both: Pair, method: str, headers: dict[str, str]) -> None:
    """Every method, host and header matches the same matchers."""
    caddy, snake = both.ask("/a?val=POST", method, headers)

    assert snake == caddy


def test_every_matcher_has_matched(both: Pair) -> None:
    """The requests above reach every matcher but those of protocols and networks not at hand."""
    replies = [ask(both.caddy, "GET", target, [("X-P", "val")]) for target in TARGETS]
    replies += [ask(both.caddy, "GET", "/a?val=POST", headers.items()) for headers in HEADERS]
    matched = {name for reply in replies for name, _ in reply.fields}

    missing = {name for name in MATCHERS if f"x-match-{name}" not in matched}
    assert missing == {"protocol-https", "protocol-2", "remote-other"}
