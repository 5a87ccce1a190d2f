"""How often an authority is asked, and what is tried first."""

from __future__ import annotations

import asyncio

from snake.acme.dealings import Dealings
from snake.acme.history import History
from snake.acme.rate import Rate


class Clock:
    """A clock that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Return the time."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(0)
        self.time += seconds


async def test_ten_pass_in_ten_seconds() -> None:
    """Ten pass at once; each further one when the tenth before it is ten seconds ago."""
    clock = Clock()
    rate = Rate(now=clock.now, sleep=clock.sleep)
    times = []
    for _ in range(25):
        await rate.turn()
        times.append(clock.now())
    assert times == [0.0] * 10 + [10.0] * 10 + [20.0] * 5


async def test_the_order_is_that_of_coming() -> None:
    """Who came first passes first."""
    clock = Clock()
    rate = Rate(events=1, now=clock.now, sleep=clock.sleep)
    passed: list[int] = []

    async def come(number: int) -> None:
        await rate.turn()
        passed.append(number)

    await asyncio.gather(*map(come, range(20)))
    assert passed == list(range(20))


async def test_who_leaves_is_not_waited_for() -> None:
    """One that is cancelled while it waits takes nobody's turn."""
    clock = Clock()
    rate = Rate(events=1, now=clock.now, sleep=clock.sleep)
    await rate.turn()
    waiting = [asyncio.create_task(rate.turn()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    await waiting[2]
    assert clock.now() <= 20.0


async def test_an_authority_on_this_machine_is_not_protected() -> None:
    """A loopback address is asked as often as there is something to ask."""
    dealings = Dealings()
    async with asyncio.timeout(5):
        for url in ("https://127.0.0.1:14000/dir", "https://localhost/dir", "https://[::1]/dir"):
            for _ in range(50):
                await dealings.turn(url, "")


async def test_accounts_have_rates_of_their_own() -> None:
    """Ten pass for each authority and address."""
    dealings = Dealings()
    async with asyncio.timeout(5):
        for email in ("a@example.com", "b@example.com"):
            for _ in range(10):
                await dealings.turn("https://ca.example/dir", email)


def test_what_succeeded_is_tried_first() -> None:
    """The type of challenge comes first that succeeded most often, whatever chance had said."""
    history = History()
    first, second = history.order(["http-01", "tls-alpn-01"])
    assert history.order(["tls-alpn-01", "http-01"]) == [first, second]
    history.note(first, succeeded=False)
    assert history.order([first, second]) == [second, first]
    for _ in range(3):
        history.note(first, succeeded=True)
    history.note(second, succeeded=False)
    assert history.order([first, second]) == [first, second]


def test_chance_chooses_among_what_is_unknown() -> None:
    """Without a history, either type may be the first."""
    orders = {tuple(History().order(["http-01", "tls-alpn-01"])) for _ in range(100)}
    assert len(orders) == 2
