"""Values with stars at their ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.http.wildcard import compile_wildcards, match_wildcard


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("*", "", True),
        ("a*", "ab", True),
        ("*b", "ab", True),
        ("*b*", "abc", True),
        ("a*c", "abc", False),
        ("a*c", "a*c", True),
        ("**", "anything", True),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_stars_count_at_the_ends(pattern: str, value: str, *, expected: bool) -> None:
    """A star in the middle is a star."""
    assert match_wildcard(pattern, value) is expected


@given(
    st.lists(st.text(alphabet="ab*", max_size=4), max_size=4), st.text(alphabet="ab*", max_size=4)
)
def test_compiled_patterns_match_the_same(patterns: list[str], value: str) -> None:
    """Patterns sorted by kind match what they match one by one."""
    expected = any(match_wildcard(pattern, value) for pattern in patterns)

    assert compile_wildcards(patterns)(value) is expected
