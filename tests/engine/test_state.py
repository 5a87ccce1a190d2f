"""The tables of states, and the wait before a worker is started again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.engine.backoff import Backoff
from snake.engine.state import GENERATION, WORKER, Event, ForbiddenError, State, Table, after


@pytest.mark.parametrize("table", [GENERATION, WORKER])
def test_every_state_can_be_left_for_stopped(table: Table) -> None:
    """STOP is possible in every state, and ends it."""
    for state in State:
        assert after(table, state, Event.STOP) is State.STOPPED


@pytest.mark.parametrize("table", [GENERATION, WORKER])
@given(events=st.lists(st.sampled_from(Event)))
def test_nothing_runs_again_after_it_was_stopped(table: Table, events: list[Event]) -> None:
    """A random walk never leaves STOPPED, and never leaves the table without an error."""
    state = State.STOPPED
    for event in events:
        try:
            state = after(table, state, event)
        except ForbiddenError:
            continue
        assert state is State.STOPPED


def test_a_worker_that_dies_is_idle_again_and_a_generation_is_not() -> None:
    """A worker's place is filled again; a generation runs once."""
    assert after(WORKER, State.RUNNING, Event.GONE) is State.IDLE
    with pytest.raises(ForbiddenError, match="LOAD in STOPPED"):
        after(GENERATION, State.STOPPED, Event.LOAD)


def test_the_first_death_costs_no_time_and_the_next_ones_more_and_more() -> None:
    """The waits are 0, then 0.1 s doubled each time, and never more than 10 s."""
    backoff = Backoff()
    waits = [backoff.delay(0.5) for _ in range(12)]
    assert waits[:5] == [0, 0.1, 0.2, 0.4, 0.8]
    assert waits[-1] == 10


def test_a_worker_that_ran_for_long_is_started_at_once() -> None:
    """After ten good seconds the past is forgotten."""
    backoff = Backoff()
    for _ in range(5):
        backoff.delay(0.5)
    assert backoff.delay(10) == 0
