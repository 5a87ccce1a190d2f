"""Health: silence, weariness and the end of a process, as the supervisor sees them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from snake.engine.health import SILENCE, STUBBORN, Health, Kind, Patience
from snake.fork.channel import Alive, Blocked, Note, Weary


async def test_whoever_says_nothing_for_too_long_is_silent() -> None:
    """Only a sign of life from the loop counts: threads can log, and say that it is blocked."""
    health = Health(0)
    never = asyncio.get_running_loop().create_future()

    async def talk() -> None:
        while True:
            health.hear(Note(20, "a thread logs"))
            health.hear(Blocked())
            await asyncio.sleep(0.02)

    talking = asyncio.create_task(talk())
    trouble = await health.trouble([never], 0.2)
    talking.cancel()
    assert (trouble.kind, trouble.reason) == (Kind.SILENT, "its event loop is blocked")


async def test_signs_of_life_are_no_trouble() -> None:
    """As long as a process says that it is alive, nothing is the matter; then its end is."""
    health = Health(0)
    end = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(health.trouble([end], 0.3))
    for _ in range(10):
        await asyncio.sleep(0.06)
        health.hear(Alive())
    assert not waiting.done()
    end.set_result(None)
    assert (await waiting).kind is Kind.GONE


async def test_a_weary_process_is_heard_at_once() -> None:
    """It says why it wants to be replaced; one that drains is not asked any more."""
    health = Health(0)
    never = asyncio.get_running_loop().create_future()
    health.hear(Weary("it has served 10 requests"))
    health.hear(Weary("and has grown"))
    assert await health.trouble([never], 9) == (Kind.WEARY, "it has served 10 requests")
    assert (await health.trouble([never], 0.05, weary=False)).kind is Kind.SILENT


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Have a process that waits for the end of the test."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process


async def test_a_stopped_process_is_known_as_one(process: subprocess.Popen[bytes]) -> None:
    """The reason of the silence is in the process's state, where that can be seen."""
    try:
        os.kill(process.pid, 19)
        trouble = await Health(process.pid).trouble(
            [asyncio.get_running_loop().create_future()], 0.3
        )
    finally:
        os.kill(process.pid, 18)
    assert trouble == (Kind.SILENT, "it was stopped by a signal")


async def test_a_supervisor_that_was_held_up_blames_nobody() -> None:
    """After a pause of its own it listens once more before it calls a process silent."""
    health = Health(0)
    never = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(health.trouble([never], 0.3))
    await asyncio.sleep(0.05)
    # What a machine that sleeps does to the supervisor; its processes slept as well.
    time.sleep(1.6)  # noqa: ASYNC251 - it is the point
    await asyncio.sleep(0.05)
    assert not waiting.done()
    health.hear(Alive())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    waiting.cancel()


@pytest.mark.parametrize(
    ("lives", "seconds"),
    [
        ([], SILENCE),
        ([5], 4 * SILENCE),
        ([5, 20], STUBBORN),
        ([5, 20, 60, 60], STUBBORN),
        ([5, 200], SILENCE),
    ],
)
def test_silence_is_taken_with_more_patience_each_time(lives: list[float], seconds: float) -> None:
    """A place whose processes hang soon after their start is not filled anew for ever."""
    patience = Patience()
    for lived in lives:
        patience.lost(lived)
    assert patience.seconds == seconds
