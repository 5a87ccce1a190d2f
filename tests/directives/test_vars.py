"""Facts about `vars`."""

from __future__ import annotations

import pytest

from snake.plugin import CaddyfileError
from tests.site import site, site_of_routes


async def test_values() -> None:
    """Values may be numbers, booleans and text with placeholders; unknown ones are empty."""
    config = """:80 {
        vars {
            number 1.50
            whole 2.0
            yes true
            text "007"
            path <{path}{nope}>
            of-{method} x
        }
        respond "{vars.number} {vars.whole} {vars.yes} {vars.text} {vars.path} {vars.of-GET}"
    }"""
    async with site(config) as s:
        assert (await s.get("/p")).text == "1.5 2 true 007 </p> x"


async def test_the_most_specific_wins() -> None:
    """Variables of a more specific matcher are set later, so they win."""
    async with site(":80 {\n vars /x* a special\n vars a usual\n respond {vars.a}\n}") as s:
        assert (await s.get("/x")).text == "special"
        assert (await s.get("/y")).text == "usual"


async def test_unset_variable_is_empty() -> None:
    """A variable that nobody set is known, and empty."""
    async with site(":80 {\n respond <{vars.nope}>\n}") as s:
        assert (await s.get()).text == "<>"


async def test_user_id() -> None:
    """The variable `http.auth.user.id` names the user, for placeholders too."""
    route = {
        "handle": [
            {"handler": "vars", "http.auth.user.id": "{http.request.header.X-User}"},
            {"handler": "static_response", "body": "{http.auth.user.id}"},
        ]
    }
    async with site_of_routes(route) as s:
        assert (await s.get(headers={"x-user": "bob"})).text == "bob"


@pytest.mark.parametrize("line", ["vars a", "vars a b c", "vars {\n a\n }", "vars {\n a b c\n }"])
def test_wrong_lines(line: str) -> None:
    """A name without a value, or with two, is refused."""
    with pytest.raises(CaddyfileError, match="vars takes names and values"):
        site(f":80 {{\n {line}\n}}")
