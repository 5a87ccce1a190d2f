"""invoke."""

from __future__ import annotations

import textwrap

import pytest

from snake.adapter.adapt import adapt
from snake.core.errors import ConfigError
from snake.standard import catalogue
from tests.adapter.test_adapt import refusal
from tests.site import site, site_of_routes


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("invoke", "invoke takes one argument, got 0"),
        ("invoke a b", "invoke takes one argument, got 2"),
        ("invoke a {\n\t}", "invoke takes no block"),
    ],
)
def test_wrong_line_is_refused(line: str, message: str) -> None:
    """It takes a name and nothing else."""
    error = refusal(f"&(a) {{\n\trespond a\n}}\n:80 {{\n\t{line}\n}}")

    assert (error.line, error.message) == (5, message)


def test_directives_that_do_not_run_are_warned_of() -> None:
    """Caddy keeps one handler of a named route without matchers, and so do we; we say so."""
    text = """\
        &(a) {
        \theader X y
        \trespond hi
        }
        :80 {
        \tinvoke a
        }
        """

    _, warnings = adapt(textwrap.dedent(text), "Caddyfile", catalogue())

    assert "only the first directive runs" in "".join(map(str, warnings))


ROUTE = "&(a) {\n route {\n header X-A b\n respond {path}\n }\n}\n"


async def test_a_route_is_loaded_once_for_all_places() -> None:
    """It runs where it is invoked, and what is not matched goes on."""
    config = ROUTE + ":80 {\n invoke /x a\n handle /y {\n invoke a\n }\n respond other\n}"
    async with site(config) as s:
        assert [(await s.get(path)).text for path in ("/x", "/y", "/z")] == ["/x", "/y", "other"]
        assert (await s.get("/x")).header("x-a") == "b"
        assert (await s.get("/z")).header("x-a") is None


async def test_route_that_goes_on_for_ever_is_an_error() -> None:
    """A route that invokes itself without end is a 500, and the server goes on."""
    async with site("&(a) {\n invoke a\n}\n:80 {\n invoke /x a\n respond ok\n}") as s:
        assert (await s.get("/x")).status == 500
        assert (await s.get("/y")).text == "ok"


INVOKE = {"handle": [{"handler": "invoke", "name": "one"}]}


@pytest.mark.parametrize(
    ("named", "path", "message"),
    [
        ({}, "routes/0/handle/0/name", 'there is no named route "one"'),
        ({"ones": {}}, "routes/0/handle/0/name", 'did you mean "ones"?'),
        ({"one": {"handle": [{"handler": "x"}]}}, "named_routes/one/handle/0", "unknown module"),
        ({"one": {"match": [{"path": ["/"]}]}}, "named_routes/one/match", "has no matchers"),
    ],
)
async def test_wrong_json_is_refused(named: dict[str, object], path: str, message: str) -> None:
    """What is wrong is refused where it stands; what Caddy would pass over, too."""
    with pytest.raises(ConfigError) as raised:
        async with site_of_routes(INVOKE, named_routes=named):
            pass

    assert raised.value.path == f"apps/http/servers/srv0/{path}"
    assert message in raised.value.message
