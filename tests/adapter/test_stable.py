"""The sort that Caddy sorts with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from snake.adapter.stable import stable_sorted


@given(st.lists(st.tuples(st.integers(0, 5), st.integers()), max_size=200))
def test_it_sorts_and_keeps_what_is_equal_in_order(items: list[tuple[int, int]]) -> None:
    """With a total order it does what every stable sort does."""
    found = stable_sorted(items, lambda a, b: a[0] < b[0])

    assert found == sorted(items, key=lambda item: item[0])


def test_it_turns_around_what_claims_to_come_first() -> None:
    """Items that each come before the other end up in reverse, up to a block."""
    assert stable_sorted([1, 2, 3], lambda _a, _b: True) == [3, 2, 1]
