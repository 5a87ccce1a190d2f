"""http.route_index: a list of routes that tables find does what the list does one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snake.http import routes as routes_module
from tests.site import Response, site_of_routes

PATHS = [
    *("/", "/a", "/A", "/a/", "/ab", "/a/b", "/b", "//a", "/a/../b", "/%61", "/a%2Fb", "/%C3%89"),
    "/c",
]
HOSTS = ["one.test", "ONE.test:80", "two.test", "x.two.test", "x.y.two.test", "[::1]", "x"]
METHODS = ["GET", "PUT"]

PATH_PATTERNS = [
    *("/a", "/A", "/a*", "/a/*", "/b", "/", "*", "/ab", "*b", "*a*", "/[ab]", "/%61", "//a", "/É"),
    *("/{http.request.method}", r"/\{x\}", "/c*", "a", "/a/b*", "/GET", "", "/*"),
]
HOST_PATTERNS = [
    *("one.test", "One.Test", "two.test", "*.two.test", "*.*.two.test", "x.*.two.test", "*", "::1"),
    *("{http.request.uri.query.h}", "xn--mnchen-3ya.test", "*.test", "x"),
]
MATCHERS = {
    "path": st.lists(st.sampled_from(PATH_PATTERNS), min_size=1, max_size=3, unique=True),
    "host": st.lists(st.sampled_from(HOST_PATTERNS), max_size=3, unique_by=str.lower),
    "method": st.lists(st.sampled_from(METHODS), min_size=1, max_size=2),
    "path_regexp": st.builds(
        lambda pattern: {"name": "r", "pattern": pattern}, st.sampled_from(["a", "^/(.)", "b$"])
    ),
    "not": st.just([{"path": ["/a"]}]),
    "header": st.just({"X-Set": ["1"]}),
}


@st.composite
def matcher_sets(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return the matchers of a route, in any order."""
    sets = []
    for _ in range(draw(st.integers(0, 2))):
        kinds = draw(st.lists(st.sampled_from(sorted(MATCHERS)), max_size=3, unique=True))
        sets.append({kind: draw(MATCHERS[kind]) for kind in kinds})
    return sets


@st.composite
def route_lists(draw: st.DrawFn, depth: int = 1) -> list[dict[str, Any]]:
    """Return routes that each leave a mark, and maybe change the request or answer."""
    routes = []
    for number in range(draw(st.integers(0, 9 if depth else 3))):
        mark = {
            "handler": "headers",
            "response": {"add": {"X-Mark": [f"{depth}.{number} {{re.1}}"]}},
        }
        others = [
            {"handler": "rewrite", "uri": draw(st.sampled_from(["/a", "/b", "/c", "/a/b"]))},
            {"handler": "headers", "request": {"set": {"Host": [draw(st.sampled_from(HOSTS))]}}},
            {"handler": "headers", "request": {"set": {"X-Set": ["1"]}}},
            {"handler": "static_response", "body": f"answer {depth}.{number}"},
            {"handler": "error", "status_code": 404},
        ]
        if depth:
            others.append({"handler": "subroute", "routes": draw(route_lists(depth=depth - 1))})
        handle = [mark, *draw(st.lists(st.sampled_from(others), max_size=1))]
        route: dict[str, Any] = {"handle": handle}
        if match := draw(matcher_sets()):
            route["match"] = match
        if group := draw(st.sampled_from(["", "", "g", "h"])):
            route["group"] = group
        if draw(st.integers(0, 4)) == 0:
            route["terminal"] = True
        routes.append(route)
    return routes


async def answers(
    routes: list[dict[str, Any]], requests: list[tuple[str, str, str]]
) -> list[Response]:
    """Return what a server with these routes answers."""
    async with site_of_routes(*routes) as site:
        return [await site.request(method, path, host=host) for method, path, host in requests]


@settings(max_examples=60, deadline=None)
@given(
    route_lists(),
    st.lists(
        st.tuples(st.sampled_from(METHODS), st.sampled_from(PATHS), st.sampled_from(HOSTS)),
        min_size=1,
        max_size=6,
    ),
)
async def test_tables_find_what_asking_each_would(
    routes: list[dict[str, Any]], requests: list[tuple[str, str, str]]
) -> None:
    """The same routes run in the same order, whatever they match and change on the way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes_module, "INDEXED_FROM", 1_000_000)
        expected = await answers(routes, requests)
        patch.setattr(routes_module, "INDEXED_FROM", 0)
        found = await answers(routes, requests)

    assert found == expected


async def test_many_routes_are_no_deep_recursion() -> None:
    """Routes that no table can have are asked one after the other, however many there are."""
    routes = [
        {"match": [{"header": {"X": [str(n)]}}], "handle": [{"handler": "static_response"}]}
        for n in range(3000)
    ]
    last = {"handle": [{"handler": "static_response", "body": "last"}]}
    (answer,) = await answers([*routes, last], [("GET", "/", "x")])

    assert answer.text == "last"
