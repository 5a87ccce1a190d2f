"""The vars matcher."""

from __future__ import annotations

from typing import Any

import pytest

from snake.plugin import CaddyfileError
from tests.matchers.matching import provisioned, request
from tests.site import site


async def asked(variables: dict[str, Any], **config: list[str]) -> bool:
    """Whether a request with these variables matches."""
    made = request("/v?q=x", headers={"x-a": "1"})
    made.vars.update(variables)
    return (await provisioned(vars=config))(made)


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        ("a", ["a"], True),
        ("a", ["b", "a"], True),
        ("a", ["A"], False),
        (True, ["true"], True),
        (10, ["10"], True),
        (None, [""], True),
        ("x", ["{http.request.uri.query.q}"], True),
        ("{http.request.uri.query.q}", ["x"], False),
    ],
)
async def test_variable_has_a_value(value: object, wanted: list[str], *, expected: bool) -> None:
    """Values are compared as text; placeholders in the config are filled, those in values not."""
    variables = {} if value is None else {"v": value}
    assert await asked(variables, v=wanted) is expected


async def test_one_of_several_variables_must_match() -> None:
    """A name in braces is a placeholder; without any variable everything matches."""
    assert await asked({}, v=["no"], **{"{http.request.header.x-a}": ["1"]})
    assert not await asked({}, v=["no"], **{"{http.request.header.x-b}": ["1"]})
    assert await asked({}, **{"{unknown}": [""]})
    assert await asked({})


async def test_lines_add_up() -> None:
    """Values for one variable add up, and several variables are alternatives."""
    text = """:80 {
        vars /a* who ann
        vars /b* who bob
        @known {
            vars who ann
            vars who bob carl
        }
        respond @known hello
    }"""
    async with site(text) as served:
        assert [(await served.get(path)).text for path in ("/a", "/b", "/c")] == [
            "hello",
            "hello",
            "",
        ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("@a vars", "vars takes a variable and its values"),
        ("@a vars x", "vars takes at least one value to match against"),
        ("@a vars x y {\nz\n}", "vars takes no block"),
    ],
)
def test_wrong_line_is_refused(lines: str, message: str) -> None:
    """What Caddy refuses is refused with the reason."""
    with pytest.raises(CaddyfileError) as raised:
        site(f":80 {{\n{lines}\n}}")

    assert message in str(raised.value)
