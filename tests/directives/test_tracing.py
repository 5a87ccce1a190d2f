"""tracing, as far as it is adapted and checked; `tests/tracing` has the rest."""

from __future__ import annotations

import pytest

from tests.directives.adapted import mistake, refusal


@pytest.mark.parametrize(
    ("lines", "line", "word", "message"),
    [
        ("tracing app", 2, "app", "tracing takes no argument, got app"),
        ("tracing {\nspan\n}", 3, "span", "span takes one name, got 0"),
        ("tracing {\nspan a b\n}", 3, "b", "span takes one name, got 2"),
        ("tracing {\nspam a\n}", 3, "spam", 'did you mean "span"?'),
        ("tracing {\nspan a {\n}\n}", 3, "span", "span takes no block"),
        ("tracing {\nspan_attributes {\na\n}\n}", 4, "a", "a takes one argument, got 0"),
        ("tracing {\nspan_attributes {\na b c\n}\n}", 4, "a", "a takes one argument, got 2"),
        ("tracing {\nspan_attributes {\na b {\n}\n}\n}", 4, "a", "a takes no block"),
        ("tracing {\nspan_attributes a {\n}\n}", 3, "a", "unrecognized subdirective: a"),
    ],
)
def test_wrong_lines(lines: str, line: int, word: str, message: str) -> None:
    """The error stands at the word that is wrong."""
    found = mistake(lines)

    assert found[:2] == (line, word)
    assert message in found[2]


@pytest.mark.parametrize(
    ("config", "path"),
    [({"span": 1}, "span"), ({"span_attributes": {"a": 1}}, "span_attributes/a")],
)
async def test_wrong_types(config: dict[str, object], path: str) -> None:
    """Its fields are typed."""
    error = await refusal({"handler": "tracing", **config})

    assert error.path == f"handle/0/{path}"
