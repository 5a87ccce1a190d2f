"""http.routes, http.subroute."""

from __future__ import annotations

from typing import Any

import pytest

from snake.core.errors import ConfigError
from tests.site import site_of_routes


def respond(body: str, status: int = 200, **route: Any) -> dict[str, Any]:
    """Return a route that answers with `body`."""
    handle = [{"handler": "static_response", "body": body, "status_code": status}]
    return {"handle": handle, **route}


def set_var(name: str, value: str, **route: Any) -> dict[str, Any]:
    """Return a route that sets a variable and goes on."""
    return {"handle": [{"handler": "vars", name: value}], **route}


PATH_A = [{"path": ["/a"]}]


async def test_first_match_answers() -> None:
    """The first route that matches and answers ends the request."""
    async with site_of_routes(respond("a", match=PATH_A), respond("rest")) as site:
        assert (await site.get("/a")).text == "a"
        assert (await site.get("/b")).text == "rest"


async def test_nothing_matches() -> None:
    """A request that no route handles is an empty 200."""
    async with site_of_routes(respond("a", match=PATH_A)) as site:
        response = await site.get("/b")

        assert (response.status, response.fields, response.body) == (200, [], b"")


async def test_group_is_exclusive() -> None:
    """Of the routes in a group only the first that matches runs."""
    async with site_of_routes(
        set_var("x", "1", group="g", match=PATH_A),
        set_var("x", "2", group="g"),
        set_var("x", "3", group="g"),
        respond("{http.vars.x}"),
    ) as site:
        assert (await site.get("/a")).text == "1"
        assert (await site.get("/b")).text == "2"


async def test_terminal_ends_the_list() -> None:
    """After a terminal route that matched, nothing further runs."""
    async with site_of_routes(
        set_var("x", "1", match=PATH_A, terminal=True), respond("rest")
    ) as site:
        assert (await site.get("/a")).text == ""
        assert (await site.get("/b")).text == "rest"


async def test_subroute_goes_on() -> None:
    """A subroute whose routes do not answer goes on with what follows it."""
    inner = {"handler": "subroute", "routes": [set_var("x", "inner")]}
    async with site_of_routes({"handle": [inner]}, respond("{http.vars.x}")) as site:
        assert (await site.get()).text == "inner"


async def test_subroute_errors() -> None:
    """A subroute's own error routes answer before the server's."""
    inner = {
        "handler": "subroute",
        "routes": [{"handle": [{"handler": "error", "status_code": 418}]}],
        "errors": {"routes": [respond("inner {http.error.status_code}")]},
    }
    outer = {"routes": [respond("outer")]}
    async with site_of_routes({"handle": [inner]}, errors=outer) as site:
        assert (await site.get()).text == "inner 418"


async def test_hosts_are_a_table() -> None:
    """Among sites that differ by host alone the host decides; the first of a name wins."""
    sites = [
        respond(f"site {n}", match=[{"host": [f"s{n}.test", "shared.test"]}], terminal=True)
        for n in range(50)
    ]
    async with site_of_routes(*sites, respond("none"), automatic_https={"disable": True}) as site:
        assert (await site.get(host="s7.test")).text == "site 7"
        assert (await site.get(host="S49.TEST:8080")).text == "site 49"
        assert (await site.get(host="shared.test")).text == "site 0"
        assert (await site.get(host="other.test")).text == "none"


async def test_wildcard_after_exact() -> None:
    """A wildcard host between exact ones keeps its place in the order."""
    async with site_of_routes(
        respond("exact", match=[{"host": ["a.test"]}], terminal=True),
        respond("wild", match=[{"host": ["*.test"]}], terminal=True),
        respond("late", match=[{"host": ["b.test"]}], terminal=True),
        automatic_https={"disable": True},
    ) as site:
        assert (await site.get(host="a.test")).text == "exact"
        assert (await site.get(host="b.test")).text == "wild"


async def test_unknown_handler_names_its_place() -> None:
    """An unknown module is an error with its JSON path and the nearest name."""
    with pytest.raises(ConfigError) as caught:
        async with site_of_routes({"handle": [{"handler": "static_respons"}]}):
            pass

    assert str(caught.value) == (
        "apps/http/servers/srv0/routes/0/handle/0: unknown module: "
        'http.handlers.static_respons; did you mean "static_response"?'
    )


async def test_unknown_field_names_its_place() -> None:
    """An unknown field is an error with its JSON path and the nearest name."""
    with pytest.raises(ConfigError) as caught:
        async with site_of_routes({"handle": [{"handler": "static_response", "bodi": "x"}]}):
            pass

    assert str(caught.value) == (
        'apps/http/servers/srv0/routes/0/handle/0: unknown field "bodi"; did you mean "body"?'
    )


async def test_matcher_of_a_group_runs_even_when_another_route_was_taken() -> None:
    """What a matcher sets is set, though its route is shut out by an earlier one of the group."""

    def rewrite(pattern: str, uri: str) -> dict[str, Any]:
        match = [{"path_regexp": {"pattern": pattern}}]
        return {"group": "g", "match": match, "handle": [{"handler": "rewrite", "uri": uri}]}

    async with site_of_routes(
        rewrite("^/(a+)", "/x{http.regexp.1}"),
        rewrite("^/(.)", "/y{http.regexp.1}"),
        respond("{http.request.uri} {http.regexp.1}"),
    ) as site:
        assert (await site.get("/aab")).text == "/xaa x"
