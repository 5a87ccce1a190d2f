"""Pulse: a loop that is blocked is found out, and told where."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from snake.app.pulse import Pulse


@asynccontextmanager
async def beating() -> AsyncIterator[list[bool]]:
    """Have a pulse; the value is what it says."""
    said: list[bool] = []

    def say(*, well: bool) -> None:
        said.append(well)

    pulse = Pulse(say)
    with pulse.beating():
        pulse.start()
        yield said
    pulse.stop()


def compute(seconds: float) -> None:
    """Compute, so that other threads can run."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(100))


async def test_a_blocked_loop_is_told_once_with_its_place_and_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One record where it is blocked, with the stack, and one when it goes on."""
    async with beating() as said:
        compute(4.5)
        await asyncio.sleep(0.2)
        assert False in said
    blocked, over = caplog.records
    assert blocked.getMessage() == "event loop is blocked; nothing else is answered meanwhile"
    fields = blocked.fields  # type: ignore[attr-defined]
    assert fields["in"].startswith("compute (test_pulse.py:")
    assert "compute(4.5)" in fields["stacktrace"]
    assert over.getMessage() == "event loop goes on"
    assert over.fields["seconds"] > 2  # type: ignore[attr-defined]


async def test_a_loop_that_turns_is_well(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is logged, and the supervisor hears each second that all is well."""
    async with beating() as said:
        await asyncio.sleep(2.5)
    assert said
    assert all(said)
    assert not caplog.records


async def test_all_loops_of_a_process_have_to_turn(caplog: pytest.LogCaptureFixture) -> None:
    """One loop of several that is blocked, in a thread of its own, is found out as well."""
    caplog.set_level(logging.WARNING)

    async def block(pulse: Pulse, joined: threading.Event) -> None:
        with pulse.beating():
            joined.set()
            compute(4)

    said: list[bool] = []

    def say(*, well: bool) -> None:
        said.append(well)

    pulse, joined = Pulse(say), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(block(pulse, joined)))
    with pulse.beating():
        thread.start()
        joined.wait(5)
        pulse.start()
        await asyncio.to_thread(thread.join)
    pulse.stop()
    assert False in said
    assert caplog.records[0].fields["in"].startswith("compute")  # type: ignore[attr-defined]
