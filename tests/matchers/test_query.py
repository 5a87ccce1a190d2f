"""The query matcher. Every row was asked of Caddy 2.11."""

from __future__ import annotations

import pytest

from tests.matchers.matching import matches


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=2&b", True),
        ("a=3&a=1&b=2", True),
        ("a=1", False),
        ("b=1", False),
        ("a=3&b=1", False),
        ("", False),
        ("a=1;b=2", False),
        ("a=1&b=%zz", False),
        ("%61=1&b=x", True),
    ],
)
async def test_every_name_needs_one_of_its_values(query: str, *, expected: bool) -> None:
    """All names must be there, each with one of its values; a star is any value."""
    asked = matches({"query": {"a": ["1", "2"], "b": ["*"]}}, f"/?{query}")

    assert await asked is expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", True), (";", True), ("a=1;b=2", True), ("a", False), ("a=1&;", False)],
)
async def test_no_parameters_match_an_empty_query(query: str, *, expected: bool) -> None:
    """Without parameters the matcher asks for a query without any, malformed ones not counted."""
    assert await matches({"query": {}}, f"/?{query}") is expected


@pytest.mark.parametrize(
    ("query", "expected"), [("q=a+b", True), ("q=a%20b", True), ("q=ab", False)]
)
async def test_values_are_compared_decoded(query: str, *, expected: bool) -> None:
    """A plus and %20 are both a space."""
    assert await matches({"query": {"q": ["a b"]}}, f"/?{query}") is expected


async def test_placeholders_fill_both_sides() -> None:
    """Names and values may be placeholders."""
    config = {"query": {"{http.request.header.x-k}": ["{http.request.header.x-v}"]}}
    headers = {"x-k": "key", "x-v": "value"}

    assert await matches(config, "/?key=value", headers=headers)
    assert not await matches(config, "/?key=other", headers=headers)
