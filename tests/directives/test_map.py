"""map: what it refuses. What it does is compared with Caddy (`scenarios/map.toml`)."""

from __future__ import annotations

import pytest

from tests.directives.adapted import handlers, mistake, refusal
from tests.site import site

MANY = """
:80 {
	map {path} {a} {
		INPUTS
	}
	respond {a}
}
"""


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("map", 2, "map", "map takes a source, and destinations"),
        ("map {path}", 2, "map", "map takes one destination or more after the source"),
        ("map {path} {a} {uri}", 2, "{uri}", "destination {uri} conflicts with a Caddyfile"),
        ("map a b {\nx y z\n}", 3, "z", "too many outputs, got 2 for 1 destinations"),
        ("map a b {\ndefault x\ndefault\n}", 4, "default", "defaults already defined"),
        ("map a b {\nx NaN\n}", 3, "NaN", "NaN is a number here"),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(lines)

    assert found[:2] == (line, word)
    assert message in found[2]


def test_outputs_that_are_left_out() -> None:
    """There is one output for each destination: the default one where none is given."""
    (found,) = handlers("map {host} {a} {b} {c} {\nx one -\ndefault d\n}")

    assert found["mappings"] == [{"input": "x", "outputs": ["one", None, None]}]
    assert found["defaults"] == ["d", "", ""]


@pytest.mark.parametrize(
    ("config", "path", "message"),
    [
        ({"destinations": ["a"]}, "destinations/0", "a: a destination is a placeholder"),
        ({"destinations": ["{a"]}, "destinations/0", "{a: a destination is a placeholder"),
        ({"destinations": ["{a}", "x{b}"]}, "destinations/1", "x{b}: a destination is"),
        ({"destinations": ["{a b}"]}, "destinations/0", "{a b}: a destination is"),
        ({"destinations": ["{a}"], "defaults": ["x", "y"]}, "defaults", "1 destinations != 2"),
        (
            {"mappings": [{"input": "a"}, {"input": "b", "input_regexp": "c"}]},
            "mappings/1",
            "input and input_regexp exclude each other",
        ),
        (
            {"mappings": [{"input": "a"}, {"input_regexp": "a"}]},
            "mappings/1",
            "the input 'a' is that of mapping 0 already",
        ),
        ({"mappings": [{"input": "a", "outputs": ["x"]}]}, "mappings/0/outputs", "1 outputs != 0"),
        (
            {"destinations": ["{a}"], "mappings": [{"input_regexp": "(", "outputs": ["x"]}]},
            "mappings/0/input_regexp",
            "invalid regular expression",
        ),
    ],
)
async def test_wrong_values(config: dict[str, object], path: str, message: str) -> None:
    """What is not clear, or fits nothing, is told with its place."""
    error = await refusal({"handler": "map", "source": "{x}", **config})

    assert error.path == f"handle/0/{path}"
    assert message in error.message


async def test_many_inputs_are_one_look_up() -> None:
    """The last of many plain inputs is found as the first is."""
    inputs = "\n".join(f"/{n} value{n}" for n in range(5000))
    async with site(MANY.replace("INPUTS", inputs)) as served:
        assert (await served.get("/4999")).text == "value4999"


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"destinations": "{b}"}, "destinations"),
        ({"mappings": [{"input": 1}]}, "mappings/0/input"),
        ({"mappings": [{"outputs": [[]]}]}, "mappings/0/outputs/0"),
        ({"defaults": [1]}, "defaults/0"),
    ],
)
async def test_wrong_types(config: dict[str, object], path: str) -> None:
    """Its fields are typed; outputs may be text, numbers, true, false and null."""
    error = await refusal({"handler": "map", **config})

    assert error.path == f"handle/0/{path}"
