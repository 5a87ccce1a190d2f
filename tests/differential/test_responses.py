"""Caddy and snake answer, redirect, fail, rewrite and route alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, RemoteDisconnected

import pytest

from tests.differential.pair import Pair, Reply, pair

Request = tuple[str, str, Mapping[str, str]]
Case = tuple[str, list[str | Request]]

SHOW = "respond `u={uri} p={path} e={%path} q={query} o={orig_uri} m={method}`"


def shown(*lines: str) -> str:
    """Return a site that runs these lines and shows what became of the request."""
    return "\n".join(["route {", *lines, SHOW, "}"])


def with_x(value: str, target: str = "/a?q") -> Request:
    """Return a GET that has a value in the field X."""
    return "GET", target, {"X": value}


RESPONSES: list[Case] = [
    ("respond hi", ["/", ("HEAD", "/", {}), ("POST", "/", {}), ("BREW", "/", {})]),
    ("respond hi 200 {\n close\n}", ["/"]),
    ('respond `{"a":1}`', ["/"]),
    ("respond ` [1,{}] ` 201", ["/"]),
    ('respond `{"a":1`', ["/"]),
    ("respond []", ["/"]),
    ("respond `[1,NaN]`", ["/"]),
    ("respond `<b>x</b>` 404", ["/"]),
    ("respond 204", ["/"]),
    ("respond x 204", ["/"]),
    ("respond x 304", ["/"]),
    ("respond 599", ["/"]),
    (r"respond `{nope} {host} {header.X} \{path\} {path}`", ["/a%FF", with_x("v\xe9")]),
    ("respond a {query.c}", ["/?c=201", "/?c=999"]),
    ("header Content-Type text/html\nrespond hi", ["/"]),
    ('header Content-Type ""\nrespond hi', ["/"]),
    ("redir * /new{uri}", ["/a?b=c", "/%C3%A9"]),
    ("redir https://x/{header.X}{nope} 308", [with_x("a"), "/"]),
    ("redir x permanent", ["/"]),
    ("redir `x?<b>&\"c'` html", ["/"]),
    ("redir x 401", ["/"]),
    ("redir * {path}", ["/a%0d%0aX-Evil:%201"]),
    ("@p path /a\nredir @p /b\nrespond {path}", ["/a", "/b"]),
    ("", ["/", ("POST", "/x", {})]),
]

ERRORS: list[Case] = [
    ("error 404", ["/"]),
    ("error `secret` 403", ["/"]),
    ("error 418\nhandle_errors {\n respond `{err.status_text}|{err.message}|{uri}`\n}", ["/a"]),
    (
        """
            rewrite /z
            error nope 503
            handle_errors 4xx {
                respond a
            }
            handle_errors 503 {
                respond `{err.message} {uri}` 599
            }
            handle_errors {
                respond b
            }
        """,
        ["/a?x"],
    ),
    ("error `a {path} {nope}` 500\nhandle_errors {\n respond {err.message}\n}", ["/a"]),
    ("error x {query.c}\nhandle_errors {\n respond {err.status_code}\n}", ["/?c=404", "/?c=x"]),
    ("error 500\nhandle_errors {\n error 404\n}", ["/"]),
    ("error 500\nhandle_errors 404 {\n respond a\n}", ["/"]),
    ("error 500\nhandle_errors {\n header A b\n}", ["/"]),
    (
        """
            header A 1
            header >B 2
            header ?C 3
            error 500
            handle_errors {
                respond {http.response.header.A}
            }
        """,
        ["/"],
    ),
    ("header A 1\nheader -B\nheader ?C 3\nerror 500", ["/"]),
    ("handle_errors {\n respond never\n}\nrespond a", ["/"]),
]

HEADERS: list[Case] = [
    ("header {\n A 1\n +A 2\n +a 3\n B\n}\nrespond x", ["/"]),
    ("header -A\nheader A 1\nrespond x", ["/"]),
    ("header ?Content-Type a/b\nheader ?X-A a\nrespond x", ["/"]),
    ("header {\n match status 2xx\n A b\n}\nrespond x {query.c}", ["/?c=200", "/?c=404"]),
    (
        "header {\n match header Content-Type text/*\n A b\n -X-*\n}\nheader X-Y z\nrespond x",
        ["/"],
    ),
    (
        """
            route {
                header A `x y x`
                header A x(.?) <$1>
                header A y {method}
                header * z q
                respond x
            }
        """,
        ["/"],
    ),
    ("header Content-Type plain html\nrespond x", ["/"]),
    ("header >Content-Type plain html\nrespond x", ["/"]),
    ("header X-{method} {path}{nope}\nrespond x", ["/p"]),
    ("header {header.X} v\nrespond x", [with_x("Foo"), with_x("a b"), "/"]),
    ("header A {header.X}\nrespond {http.response.header.A}", [with_x("1"), with_x("v\xe9")]),
    ("header A {path}\nrespond x", ["/a%0d%0aX-Evil:%201", "/%C3%A9"]),
    ("route {\n header A 1\n respond x\n header A 2\n}", ["/"]),
    ("route {\n header >A outer\n header >A inner\n respond x\n}", ["/"]),
    ("request_header X b\nrespond {header.X}", ["/", with_x("a")]),
    ("request_header +X c\nrespond {header.X}", ["/", with_x("a")]),
    ("request_header -X*\nrespond <{header.X}>", [with_x("a")]),
    ("request_header X a b\nrespond <{header.X}>", [with_x("aca")]),
    ("request_header Host b.test:81\nrespond `{host} {hostport} <{header.Host}>`", ["/"]),
    ("request_header -Host\nrespond `<{host}> {hostport}`", ["/"]),
]

# No replacing here: in Caddy it changes the Server field of all later responses.
SERVER_FIELD: list[str] = [
    "header -Server",
    "header -S*",
    "header Server x",
    "header >Server x",
    "header ?Server x",
    "header +Server x",
    "error 404",
    "header -Server\nerror 404",
]

ROUTING: list[Case] = [
    ("vars a {path}{nope}\nrespond `{vars.a} {vars.b}|`", ["/x"]),
    (
        """
            vars {
                a 1
                b true
                c 1.50
                d 2.0
                e "3.0"
                f 1e3
            }
            respond `{vars.a} {vars.b} {vars.c} {vars.d} {vars.e} {vars.f}`
        """,
        ["/"],
    ),
    ("vars a b\nvars /x* a c\nvars /x/y* a d\nrespond {vars.a}", ["/", "/x", "/x/y"]),
    ("root /a\nroot /x* /b\nrespond {vars.root}", ["/", "/x"]),
    (
        """
            handle /a {
                respond a
            }
            handle /b* {
                respond b
            }
            handle {
                respond c
            }
            handle /c {
                header X y
            }
        """,
        ["/a", "/A", "/bcd", "/c", "/d", "/a/", "//a"],
    ),
    (
        """
            handle_path /api/* {
                handle_path /v1* {
                    respond `A {uri} {path}`
                }
                handle {
                    respond `B {uri} {path}`
                }
            }
            handle {
                respond `C {uri}`
            }
        """,
        ["/api/v1/x", "/api/v1", "/api/v2/x?y", "/api", "/api/", "/x", "/API/V1/x", "/api%2Fx"],
    ),
    ("route {\n respond a\n redir * /b\n}", ["/"]),
    ("route /a* {\n header X a\n}\nroute {\n respond b\n}", ["/a", "/b"]),
    ("rewrite /a /b\nrespond /b new\nrespond /a old", ["/a", "/b", "/c"]),
]

REWRITES: list[Case] = [
    (shown("rewrite /new"), ["/old?a=1", "/old"]),
    (shown("rewrite new"), ["/old?a=1"]),
    (shown("rewrite ?x=y"), ["/old?a=1"]),
    (shown("rewrite ?"), ["/old?a=1"]),
    (shown("rewrite /new?{query}&b=2"), ["/old?a=1", "/old", "/old?a=%20+%26"]),
    (shown("rewrite /new?a={path}&y=&z"), ["/a%20b%2Fc"]),
    (shown("rewrite /p{uri}"), ["/old?a=1", "/a%20b%3Fx?q={env.HOME}"]),
    (shown("rewrite /p{uri}?"), ["/old?a=1", "/x?a={env.HOME}&&b"]),
    (shown("rewrite /p{path}/q"), ["/a%20b%3Fx%25/%C3%A9?q", "/%41"]),
    (
        shown("rewrite /{header.X}"),
        [
            with_x(value)
            for value in ("b%20c?d=e", "b%zz", "../../etc", "x#f", "b?", "b#c?d", "b?c#d", "b?c?d")
        ],
    ),
    (shown("rewrite /{header.X}?"), [with_x("b?c=d"), with_x("b")]),
    (shown("rewrite /{header.X}?z={header.X}"), [with_x("b?c=d"), with_x("b")]),
    (shown("rewrite {path}x?"), ["/a?q", "/b%3fx%23"]),
    (shown("rewrite /../x"), ["/a"]),
    (shown("rewrite /a#b?c"), ["/z?q"]),
    (shown("rewrite /%41%2f%zz"), ["/z?q"]),
    (shown("rewrite /*!'()[]"), ["/z?q"]),
    (shown("rewrite /f?{query}={path}"), ["/a?x=1&y"]),
    (shown("rewrite /f?={query}&&&"), ["/a?x=1&y", "/a"]),
    (shown("rewrite /f?a=b=c&d"), ["/a?x=1&y"]),
    (
        shown("uri strip_prefix /api"),
        [
            *("/api", "/api/", "/api/x?a=b", "/apix", "/API/x", "/a%70i/x"),
            *("//api//x/../y", "/x/../api/z", "/api%2Fx", "/api/x%2Fy", "/other//x"),
        ],
    ),
    (shown("uri strip_prefix /a%2fb"), ["/a/b/c", "/a%2fb/c", "/a%2Fb/c"]),
    (shown("uri strip_prefix //x"), ["//x/y", "/x/y"]),
    (shown("uri strip_suffix .php"), ["/a.php", "/a.PHP?x", "/a%2ephp", "/a.php/", "/.php"]),
    (shown("uri strip_suffix /a"), ["/a", "/x/a", "/x%2Fa", "/x/%61", "/x//a"]),
    (shown("uri strip_suffix o%20b"), ["/fo%20b", "/f%6f%20b"]),
    (shown("uri replace /a /b"), ["/a/a?/a", "/A/a", "//a", "/%2fa"]),
    (shown("uri replace /a /b 1"), ["/a/a?x=/a/a"]),
    (shown("uri replace // /"), ["/a//b///c"]),
    (shown("uri replace b é"), ["/a/b?b"]),
    (shown("uri path_regexp /{2,} /"), ["/a//b///c", "/x%2F%2Fy"]),
    (shown("uri path_regexp ([a-z]+)/([0-9]+) $2-$1_"), ["/ab/12?x=ab/12"]),
    (shown("uri path_regexp ^/x$ /{method}"), ["/x"]),
    (shown("uri query a b"), ["/?a=1&c=2&a=3", "/", "/?x=%zz&y=1;2&&z"]),
    (
        shown("uri query {\n+a 9\n-c\nx>y\nb 1\nz s(.) t$1\n* q Q\n}"),
        ["/?a=1&c=2&a=3&x=5&z=sasb&k=qq&w=a%20b%26+c"],
    ),
    (shown("uri query {\nx {path}\n{query.k} {nope}\n}"), ["/%C3%A9%20?k=v"]),
]

SITES = [site for site, _ in [*RESPONSES, *ERRORS, *HEADERS, *ROUTING, *REWRITES]]
SERVER_SITES = [f"route {{\n{line}\nrespond x\n}}" for line in SERVER_FIELD]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Serve every site with both, each under a name of its own."""
    sites = [*SITES, *SERVER_SITES, "abort"]
    config = "\n".join(f"http://{name(site)}:PORT {{\n{site}\n}}" for site in dict.fromkeys(sites))
    with pair(config, tmp_path_factory.mktemp("both")) as servers:
        yield servers


def name(site: str) -> str:
    """Return the host of a site."""
    return f"site{[*SITES, *SERVER_SITES, 'abort'].index(site)}.test"


def requests(cases: list[Case]) -> list[tuple[str, Request]]:
    """Return every request of every case with its site."""
    return [
        (site, (request if isinstance(request, tuple) else ("GET", request, {})))
        for site, targets in cases
        for request in targets
    ]


def answers(both: Pair, site: str, request: Request) -> tuple[Reply, Reply]:
    """Return what Caddy and what snake answer."""
    method, target, headers = request
    return both.ask(target, method, {"Host": name(site), **headers})


@pytest.mark.parametrize(
    ("site", "request_"),
    requests([*RESPONSES, *ERRORS, *HEADERS, *ROUTING, *REWRITES]),
)
def test_same_answer(both: Pair, site: str, request_: Request) -> None:
    """One request to one site has one answer."""
    caddy, snake = answers(both, site, request_)

    assert snake == caddy


@pytest.mark.parametrize("site", SERVER_SITES)
def test_same_server_field(both: Pair, site: str) -> None:
    """The Server field is there, changed or left out alike; only the name is another."""
    expected = [re.sub("Caddy", "snake", value) for value in server_field(both.caddy, site)]

    assert server_field(both.snake, site) == expected


def server_field(port: int, site: str) -> list[str]:
    """Return the Server fields of a response."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/", headers={"Host": name(site)})
    response = connection.getresponse()
    fields = response.headers.get_all("server", [])
    response.read()
    connection.close()
    return fields


def test_same_silence(both: Pair) -> None:
    """`abort` answers nothing at all."""
    for port in (both.caddy, both.snake):
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            server_field(port, "abort")
