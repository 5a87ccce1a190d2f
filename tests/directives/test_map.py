"""map, as far as it is adapted and checked."""

from __future__ import annotations

import pytest

from tests.directives.adapted import handlers, mistake, refusal


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


async def test_it_does_not_run_yet() -> None:
    """A placeholder is never left unset silently."""
    error = await refusal({"handler": "map", "source": "{a}", "destinations": ["{b}"]})

    assert error.message.startswith("http.handlers.map does not run")


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
