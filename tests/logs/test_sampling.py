"""Sampling: which of many records are kept."""

from __future__ import annotations

import logging

from snake.config.logging import Sampling
from snake.logs.sampling import Sampler

SECOND = 1_000_000_000


def kept(sampler: Sampler, count: int, time: float = 0.0, message: str = "x") -> list[int]:
    """Return which of a number of records are kept, the first being 1."""
    numbers = range(1, count + 1)
    return [n for n in numbers if sampler.takes(logging.INFO, message, time)]


def test_the_first_are_kept_and_then_every_so_many_th() -> None:
    """The count begins anew with the next interval."""
    sampler = Sampler(Sampling(interval=2 * SECOND, first=2, thereafter=3))

    assert kept(sampler, 9) == [1, 2, 5, 8]
    assert kept(sampler, 1, 1.9) == []
    assert kept(sampler, 3, 2.0) == [1, 2]


def test_records_of_another_message_or_level_count_apart() -> None:
    """Only the same message at the same level is a repetition."""
    sampler = Sampler(Sampling(first=1))

    assert kept(sampler, 2) == [1]
    assert kept(sampler, 2, message="y") == [1]
    assert sampler.takes(logging.ERROR, "x", 0.0)


def test_what_is_not_given() -> None:
    """An interval is a second, and 100 is the number for both."""
    assert kept(Sampler(Sampling()), 301) == [*range(1, 101), 200, 300]


def test_negative_numbers() -> None:
    """A negative first keeps everything, a negative thereafter nothing more, as in Caddy."""
    assert kept(Sampler(Sampling(first=-1)), 3) == [1, 2, 3]
    assert kept(Sampler(Sampling(first=1, thereafter=-1)), 3) == [1]


def test_messages_of_the_past_are_forgotten() -> None:
    """However many messages there were, one that comes again begins anew."""
    sampler = Sampler(Sampling(first=1, thereafter=-1))

    for number in range(3000):
        assert sampler.takes(logging.INFO, str(number), float(number))
    assert kept(sampler, 2, 4000.0, "0") == [1]
